package dev.unmask.gateway.flow.text;

import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.store.ArtifactStore;
import dev.unmask.store.Digest;
import dev.unmask.store.Manifest;
import dev.unmask.store.ManifestFile;
import dev.unmask.text.LladaTokenizer;
import dev.unmask.text.TokenizerException;
import dev.unmask.v1.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jboss.logging.Logger;

/**
 * The tokenizers of published checkpoints, read from the store when they are first asked for.
 * Checkpoints with the same tokenizer share one. Thread-safe; {@link #of} may block.
 */
public final class Tokenizers implements AutoCloseable {

  private static final Logger LOG = Logger.getLogger(Tokenizers.class);
  private static final int MOST_CHECKPOINTS = 256;

  private static final Set<ManifestFile.Role> NEEDED =
      Set.of(
          ManifestFile.Role.TOKENIZER, ManifestFile.Role.CHAT_TEMPLATE, ManifestFile.Role.CONFIG);

  private final ArtifactStore store;

  /** By the files it was made of. */
  private final Map<List<ManifestFile>, LladaTokenizer> tokenizers = new HashMap<>();

  /** By the checkpoint's digest, so that its manifest need not be read again. */
  private final Map<String, LladaTokenizer> known =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, LladaTokenizer> eldest) {
          return size() > MOST_CHECKPOINTS;
        }
      };

  /** Those that are there, for callers who may not wait; and those that are on their way. */
  private final Map<String, LladaTokenizer> ready = new ConcurrentHashMap<>();

  private final Set<String> wanted = ConcurrentHashMap.newKeySet();

  public Tokenizers(ArtifactStore store) {
    this.store = store;
  }

  /** The tokenizer of a checkpoint if it is there; else it will be, some time later. */
  public Optional<LladaTokenizer> ready(String digest) {
    Optional<LladaTokenizer> now = Optional.ofNullable(ready.get(digest));
    if (now.isEmpty() && wanted.size() < MOST_CHECKPOINTS && wanted.add(digest)) {
      var unused =
          Thread.ofVirtual()
              .name("tokenizer-load")
              .start(() -> {
                try {
                  var unusedTokenizer = of(digest);
                } catch (RefusedException e) {
                  LOG.warnf(
                      "event=tokenizer.failed digest=%s cause=\"%s\"",
                      digest, e.refusal().message());
                }
              });
    }
    return now;
  }

  /**
   * The tokenizer of a checkpoint.
   *
   * @param digest {@code sha256:<64 hex>} of the manifest
   * @throws RefusedException INTERNAL when the store does not have it as it should
   */
  public synchronized LladaTokenizer of(String digest) throws RefusedException {
    LladaTokenizer now = known.get(digest);
    if (now != null) {
      return now;
    }
    try {
      Manifest manifest = store.readManifest(Digest.parse(digest));
      Digest base = manifest.baseDigest();
      List<ManifestFile> files = needed(manifest);
      if (base != null && files.stream().noneMatch(f -> f.path().equals("tokenizer.json"))) {
        // An adapter speaks as the weights it sits on.
        files = needed(store.readManifest(base));
      }
      LladaTokenizer tokenizer = tokenizers.get(files);
      if (tokenizer == null) {
        tokenizer = load(files);
        tokenizers.put(files, tokenizer);
      }
      known.put(digest, tokenizer);
      if (ready.size() < MOST_CHECKPOINTS) {
        ready.put(digest, tokenizer);
      }
      return tokenizer;
    } catch (IOException | TokenizerException e) {
      throw new RefusedException(
          Refusal.of(
              ErrorCode.ERROR_CODE_INTERNAL,
              "The tokenizer of " + digest + " could not be read: " + e.getMessage()));
    }
  }

  private static List<ManifestFile> needed(Manifest manifest) {
    return manifest.files().stream().filter(f -> NEEDED.contains(f.role())).toList();
  }

  private LladaTokenizer load(List<ManifestFile> files) throws IOException, TokenizerException {
    Path folder = Files.createTempDirectory("unmask-tokenizer-");
    try {
      for (ManifestFile file : files) {
        Path target = folder.resolve(file.path());
        Files.createDirectories(target.resolve("..").normalize());
        Files.copy(store.localBlob(file.digest()), target);
      }
      return LladaTokenizer.load(folder);
    } finally {
      remove(folder);
    }
  }

  private static void remove(Path folder) throws IOException {
    try (Stream<Path> inside = Files.walk(folder)) {
      for (Path path : inside.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }

  /** After the last call has returned. */
  @Override
  public synchronized void close() {
    tokenizers.values().forEach(LladaTokenizer::close);
    tokenizers.clear();
    known.clear();
    ready.clear();
  }
}
