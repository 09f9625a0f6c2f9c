package dev.unmask.sampler.models;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.engine.DenoisingEngine;
import dev.unmask.model.safetensors.FiniteWeights;
import dev.unmask.model.training.AdapterFolder;
import dev.unmask.model.training.BaseIdentity;
import dev.unmask.model.training.Method;
import dev.unmask.model.transformer.AdaptedModel;
import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.sampler.models.UnavailableModelException.Reason;
import dev.unmask.store.ArtifactStore;
import dev.unmask.store.CheckpointFolders;
import dev.unmask.store.Digest;
import dev.unmask.store.Manifest;
import dev.unmask.store.StoreException;
import dev.unmask.store.release.Measured;
import dev.unmask.store.signing.CheckpointSignatures;
import dev.unmask.store.signing.TrustedKeys;
import dev.unmask.text.LladaTokenizer;
import dev.unmask.text.TokenizerException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Takes up a checkpoint: manifest and blobs from the store with every digest verified, weights and
 * tokenizer into memory, a warm-up, the probes, and a verdict for whoever published it. An adapter
 * is put beside its base's loaded weights. Used by the shelf's loader thread only.
 */
public final class CheckpointLoader implements WeightLoader {

  /** The weights that answer by default. */
  public interface Reference {

    /** Which they are, whether they are loaded or not. */
    Optional<Digest> digest();

    /** Lends them; null when they are not loaded, or are {@code other}. */
    @Nullable Lease lease(Digest other);
  }

  private static final int MOST_KNOWN = 1_000;

  private final ArtifactStore store;
  private final String base;
  private final String worker;
  private final Path cache;
  private final WeightLoading loading;
  private final Probes probes;
  private final Reference reference;
  private final TrustedKeys trusted;
  private final Consumer<CheckpointVerdict> verdicts;
  private final Map<ServedModel, Path> folders = new ConcurrentHashMap<>();

  /** What was measured before, by digest: equal weights are not asked again. Loader thread only. */
  private final Map<Digest, Probes.Findings> known =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Digest, Probes.Findings> eldest) {
          return size() > MOST_KNOWN;
        }
      };

  private volatile @Nullable CrashMarker current;

  /** Loader thread only. */
  private long loads;

  /**
   * @param base whose weights this worker serves; others are refused
   * @param worker who measures
   * @param cache folder of this worker alone; one sub-folder per loaded digest
   * @param loading where the weights go
   * @param patience longest wait for one probe
   * @param reference the weights that serve, to compare others with
   * @param trusted whose signature a checkpoint needs, if any
   * @param verdicts told about each checkpoint, on the loader thread
   */
  public CheckpointLoader(
      ArtifactStore store,
      String base,
      String worker,
      Path cache,
      WeightLoading loading,
      DenoisingEngine engine,
      Duration patience,
      Reference reference,
      TrustedKeys trusted,
      Consumer<CheckpointVerdict> verdicts) {
    this.store = store;
    this.base = base;
    this.worker = worker;
    this.cache = cache;
    this.loading = loading;
    this.probes = new Probes(engine, patience);
    this.reference = reference;
    this.trusted = trusted;
    this.verdicts = verdicts;
    removeFolders(cache);
  }

  @Override
  public Needs needs(Digest digest) throws UnavailableModelException {
    return judged(
        digest,
        manifest -> {
          refuseStrangers(manifest);
          Optional<Digest> base = Optional.ofNullable(manifest.baseDigest());
          return new Needs(base, base.isPresent() ? 0 : loading.bytes(manifest));
        });
  }

  @Override
  public ServedModel load(Digest digest, @Nullable ServedModel under, boolean alone)
      throws UnavailableModelException {
    return judged(
        digest,
        manifest -> {
          verdicts.accept(new CheckpointVerdict.Loading(digest, manifest.model()));
          if (trusted.areRequired()) {
            List<String> unused = CheckpointSignatures.verify(store, manifest, trusted);
          }
          CrashMarker marker = CrashMarker.before(cache, digest);
          current = marker;
          try {
            return takeUp(digest, manifest, under, alone);
          } finally {
            marker.survived();
            current = null;
          }
        });
  }

  @Override
  public void broken(Digest digest, UnavailableModelException why) {
    String name = "";
    try {
      name = store.readManifest(digest).model();
    } catch (StoreException e) {
      // The reason is told all the same.
    }
    verdicts.accept(new CheckpointVerdict.Broken(digest, name, String.valueOf(why.getMessage())));
  }

  /** What is done with a manifest. */
  @FunctionalInterface
  private interface Judging<T> {
    T judge(Manifest manifest)
        throws IOException, InvalidModelException, TokenizerException, UnavailableModelException;
  }

  /** A failure becomes a verdict and a sentence. */
  private <T> T judged(Digest digest, Judging<T> judging) throws UnavailableModelException {
    String name = "";
    try {
      Manifest manifest = store.readManifest(digest);
      name = manifest.model();
      return judging.judge(manifest);
    } catch (UnavailableModelException e) {
      throw broken(digest, name, e);
    } catch (IOException | InvalidModelException | TokenizerException | RuntimeException e) {
      Reason reason =
          e instanceof StoreException s && s.reason() == StoreException.Reason.NOT_FOUND
              ? Reason.UNKNOWN
              : Reason.BROKEN;
      throw broken(
          digest,
          name,
          new UnavailableModelException(
              reason, "the weights " + digest + " cannot be served: " + e.getMessage(), e));
    }
  }

  @Override
  public void stop() {
    CrashMarker loading = current;
    if (loading != null) {
      loading.survived();
    }
  }

  private ServedModel takeUp(
      Digest digest, Manifest manifest, @Nullable ServedModel under, boolean alone)
      throws IOException, InvalidModelException, TokenizerException, UnavailableModelException {
    long t0 = System.nanoTime();
    // A folder of its own: the same weights may just be on their way out.
    Path folder = cache.resolve(digest.hex() + "-" + loads++);
    CheckpointFolders.materialize(store, manifest, folder);
    long t1 = System.nanoTime();
    Probes.Findings before = known.get(digest);
    if (under == null && before == null) {
      // An adapter's numbers are looked at when they are read.
      refuseNonFinite(FiniteWeights.count(folder));
    }
    ServedModel model =
        under == null
            ? read(digest, manifest.model(), folder)
            : beside(digest, manifest, folder, under);
    folders.put(model, folder);
    if (under != null && before != null) {
      // It was judged before and let go of since, for want of room.
      return model;
    }
    try {
      long t2 = System.nanoTime();
      probes.warmUp(model);
      long t3 = System.nanoTime();
      Probes.Pair asked =
          before == null ? compare(model) : new Probes.Pair(before, servingBefore(digest));
      LoadTimes times =
          new LoadTimes(
              Duration.ofNanos(t1 - t0),
              Duration.ofNanos(t2 - t1),
              Duration.ofNanos(t3 - t2),
              Duration.ofNanos(System.nanoTime() - t3));
      known.put(digest, asked.found());
      verdicts.accept(
          new CheckpointVerdict.Verified(
              digest, manifest.model(), asked.found().answers(), measured(asked), times, alone));
      return model;
    } catch (UnavailableModelException | RuntimeException e) {
      close(model);
      throw e;
    }
  }

  private static void refuseNonFinite(FiniteWeights weights) throws UnavailableModelException {
    if (weights.nonFinite() > 0) {
      throw broken(
          weights.nonFinite()
              + " numbers of the weights are NaN or infinite, the first of them in "
              + weights.first());
    }
  }

  /** Asks the probes of the model, and of the weights that serve now where they are loaded. */
  private Probes.Pair compare(ServedModel model) throws UnavailableModelException {
    try (Lease serving = reference.lease(model.digest())) {
      return serving == null
          ? new Probes.Pair(probes.ask(model, null, null).found(), servingBefore(model.digest()))
          : probes.ask(model, serving.model(), servingBefore(model.digest()));
    }
  }

  /** What the weights that serve by default showed when they were taken up. */
  private Probes.@Nullable Findings servingBefore(Digest other) {
    return reference.digest().filter(d -> !d.equals(other)).map(known::get).orElse(null);
  }

  private Measured measured(Probes.Pair asked) {
    Probes.Findings found = asked.found();
    Probes.Findings beside = asked.reference();
    return new Measured(
        worker,
        0,
        found.nll(),
        found.answers().size(),
        found.empty(),
        found.stepMs(),
        beside == null ? "" : beside.digest().toString(),
        beside == null ? 0 : beside.nll(),
        beside == null ? 0 : beside.stepMs());
  }

  @Override
  public void discard(ServedModel model) {
    close(model);
    verdicts.accept(new CheckpointVerdict.Retired(model.digest(), model.name()));
  }

  private void close(ServedModel model) {
    switch (model.weights()) {
      case AdaptedModel adapted -> adapted.close();
      case LoadedModel whole -> {
        loading.close(whole);
        model.tokenizer().close();
      }
      default -> throw new IllegalStateException("weights that this loader did not make");
    }
    Path folder = folders.remove(model);
    if (folder != null) {
      removeFolder(folder);
    }
  }

  private ServedModel read(Digest digest, String name, Path folder)
      throws InvalidModelException, TokenizerException, UnavailableModelException {
    LladaTokenizer tokenizer = LladaTokenizer.load(folder);
    LoadedModel weights;
    try {
      weights = loading.load(folder);
    } catch (InvalidModelException | UnavailableModelException | RuntimeException e) {
      tokenizer.close();
      throw e;
    }
    ServedModel model = new ServedModel(digest, name, weights, tokenizer);
    int maskOfWeights = weights.config().tokens().mask();
    if (tokenizer.special().mask() != maskOfWeights
        || tokenizer.vocabularySize() > weights.config().embeddingSize()) {
      close(model);
      throw new UnavailableModelException(
          Reason.BROKEN,
          "the tokenizer does not belong to the weights: its mask token is "
              + tokenizer.special().mask()
              + " and it has "
              + tokenizer.vocabularySize()
              + " ids, config.json says "
              + maskOfWeights
              + " and "
              + weights.config().embeddingSize());
    }
    return model;
  }

  /** An adapter on loaded weights, whose tokenizer it shares. */
  private ServedModel beside(Digest digest, Manifest manifest, Path folder, ServedModel under)
      throws StoreException, InvalidModelException, UnavailableModelException {
    if (!(under.weights() instanceof LoadedModel whole)) {
      throw broken(
          "its base " + under.digest() + " is an adapter itself; it has to be whole weights");
    }
    Manifest base = store.readManifest(under.digest());
    requireSame("tokenizer", manifest.tokenizerDigest(), base.tokenizerDigest());
    AdapterFolder adapter = AdapterFolder.read(folder);
    BaseIdentity madeFor = adapter.base();
    if (madeFor != null && !madeFor.tokenizer().equals(BaseIdentity.NO_TOKENIZER)) {
      requireSame("tokenizer", new Digest(madeFor.tokenizer()), base.tokenizerDigest());
    }
    boolean lowRank = adapter.method() instanceof Method.Lora;
    if (lowRank != (manifest.kind() == Manifest.Kind.LORA)) {
      throw broken(
          "its manifest says "
              + manifest.kind()
              + ", its files are "
              + adapter.method().describe());
    }
    return new ServedModel(digest, manifest.model(), adapter.beside(whole), under.tokenizer());
  }

  private static void requireSame(String what, Digest found, Digest ofBase)
      throws UnavailableModelException {
    if (!found.equals(ofBase)) {
      throw broken("it was made with the " + what + " " + found + ", but its base has " + ofBase);
    }
  }

  private static UnavailableModelException broken(String sentence) {
    return new UnavailableModelException(Reason.BROKEN, sentence);
  }

  private void refuseStrangers(Manifest manifest) throws UnavailableModelException {
    if (!manifest.base().equals(base)) {
      throw new UnavailableModelException(
          Reason.UNKNOWN,
          "'"
              + manifest.model()
              + "' belongs to the base '"
              + manifest.base()
              + "', this worker serves '"
              + base
              + "'");
    }
  }

  private UnavailableModelException broken(
      Digest digest, String name, UnavailableModelException why) {
    verdicts.accept(new CheckpointVerdict.Broken(digest, name, String.valueOf(why.getMessage())));
    return why;
  }

  /** What a killed process left here. */
  private static void removeFolders(Path cache) {
    if (!Files.isDirectory(cache)) {
      return;
    }
    try (Stream<Path> left = Files.list(cache)) {
      left.filter(Files::isDirectory).forEach(CheckpointLoader::removeFolder);
    } catch (IOException e) {
      throw new UncheckedIOException("the folder " + cache + " could not be read", e);
    }
  }

  private static void removeFolder(Path folder) {
    if (!Files.isDirectory(folder)) {
      return;
    }
    try (Stream<Path> inside = Files.walk(folder)) {
      for (Path path : inside.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("the folder " + folder + " could not be removed", e);
    }
  }
}
