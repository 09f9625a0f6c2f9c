package dev.unmask.store.signing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.store.ArtifactStore;
import dev.unmask.store.Digest;
import dev.unmask.store.Manifest;
import dev.unmask.store.ManifestFile;
import dev.unmask.store.StoreException;
import dev.unmask.store.StoreException.Reason;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Signs checkpoints of a store, and judges their signatures. */
public final class CheckpointSignatures {

  private static final String STATEMENT = "https://in-toto.io/Statement/v1";
  private static final String PREDICATE = "urn:unmask:checkpoint:v1";

  /** The manifest's own name among the subjects; no file's name begins with a dot. */
  private static final String MANIFEST = ".manifest.json";

  private static final ObjectMapper JSON = new ObjectMapper();

  private CheckpointSignatures() {}

  /**
   * Adds a signature to a checkpoint that is in the store.
   *
   * @throws StoreException when its signatures there are of something else
   */
  public static void sign(ArtifactStore store, Manifest manifest, SigningKey key)
      throws StoreException {
    Digest digest = manifest.digest();
    byte[] statement = statement(manifest);
    Optional<byte[]> before = store.signature(digest);
    Envelope envelope = Envelope.of(statement);
    if (before.isPresent()) {
      Envelope old = Envelope.parse(before.get());
      requireSubjects(manifest, old);
      envelope = old;
    }
    store.putSignature(digest, envelope.signedBy(key).bytes());
  }

  /**
   * Whose valid signatures a checkpoint has.
   *
   * @return the trusted keys' names, at least one
   * @throws StoreException with the reason when there is none
   */
  public static List<String> verify(ArtifactStore store, Manifest manifest, TrustedKeys trusted)
      throws StoreException {
    String what = "the checkpoint " + manifest.digest() + " of '" + manifest.model() + "'";
    Envelope envelope =
        Envelope.parse(
            store
                .signature(manifest.digest())
                .orElseThrow(() ->
                    StoreException.invalid(
                        what + " is not signed, and only signed ones are accepted here")));
    byte[] signed = envelope.signedBytes();
    List<String> valid = new ArrayList<>();
    for (Envelope.Sign sign : envelope.signatures()) {
      if (trusted.accept(sign.keyid(), signed, Envelope.decode(sign.sig()))) {
        valid.add(sign.keyid());
      } else if (trusted.has(sign.keyid())) {
        throw new StoreException(
            Reason.CORRUPT, what + " has a wrong signature of the key " + sign.keyid());
      }
    }
    if (valid.isEmpty()) {
      throw StoreException.invalid(
          what
              + " is signed by "
              + (envelope.signatures().isEmpty()
                  ? "nobody"
                  : String.join(
                      ", ", envelope.signatures().stream().map(Envelope.Sign::keyid).toList()))
              + ", and only "
              + String.join(", ", trusted.ids())
              + " are trusted");
    }
    requireSubjects(manifest, envelope);
    return valid;
  }

  /** What is signed: the digests of the manifest and of every file. */
  static byte[] statement(Manifest manifest) throws StoreException {
    ObjectNode root = JSON.createObjectNode();
    root.put("_type", STATEMENT);
    ArrayNode subjects = root.putArray("subject");
    expected(manifest)
        .forEach((name, sha256) ->
            subjects.addObject().put("name", name).putObject("digest").put("sha256", sha256));
    root.put("predicateType", PREDICATE);
    root.putObject("predicate")
        .put("model", manifest.model())
        .put("kind", manifest.kind().name())
        .put("digest", manifest.digest().toString());
    try {
      return JSON.writeValueAsBytes(root);
    } catch (IOException e) {
      throw StoreException.storage("the statement could not be written", e);
    }
  }

  private static Map<String, String> expected(Manifest manifest) {
    Map<String, String> subjects = new TreeMap<>();
    subjects.put(MANIFEST, manifest.digest().hex());
    for (ManifestFile file : manifest.files()) {
      subjects.put(file.path(), file.sha256());
    }
    return subjects;
  }

  private static void requireSubjects(Manifest manifest, Envelope envelope) throws StoreException {
    String what = "the signature of " + manifest.digest();
    JsonNode root;
    try {
      root = JSON.readTree(envelope.content());
    } catch (StoreException e) {
      throw e;
    } catch (IOException e) {
      throw new StoreException(Reason.CORRUPT, what + " is of something that is not JSON", e);
    }
    if (!envelope.payloadType().equals(Envelope.IN_TOTO)
        || !root.path("_type").asText().equals(STATEMENT)
        || !root.path("predicateType").asText().equals(PREDICATE)) {
      throw new StoreException(
          Reason.CORRUPT, what + " is of no statement about a checkpoint: " + PREDICATE);
    }
    Map<String, String> subjects = new TreeMap<>();
    root.path("subject")
        .forEach(
            s -> subjects.put(s.path("name").asText(), s.path("digest").path("sha256").asText()));
    if (!subjects.equals(expected(manifest))) {
      throw new StoreException(Reason.CORRUPT, what + " is of other files than the checkpoint has");
    }
  }
}
