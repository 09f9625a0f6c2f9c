package dev.unmask.store;

import dev.unmask.store.StoreException.Reason;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Whether a manifest describes the files that it names. Digests prove that the files are the ones
 * that were meant; gateways and people, though, believe what the manifest says about them.
 */
final class ManifestTruth {

  private ManifestTruth() {}

  /**
   * Compares a manifest with a folder that holds its files.
   *
   * @throws StoreException with the first field that is not true
   */
  static void require(Manifest manifest, Path folder) throws StoreException {
    requireTokenizer(manifest);
    if (manifest.kind().needsBase()) {
      return; // the architecture is its base's
    }
    Map<String, Object> said = facts(manifest.architecture(), manifest.diffusion());
    FolderContents contents = FolderContents.read(folder);
    Map<String, Object> found = facts(contents.architecture(), contents.diffusion());
    for (Map.Entry<String, Object> fact : said.entrySet()) {
      Object actual = found.get(fact.getKey());
      if (!fact.getValue().equals(actual)) {
        throw untrue(manifest, fact.getKey() + " " + fact.getValue() + ", its files say " + actual);
      }
    }
  }

  private static void requireTokenizer(Manifest manifest) throws StoreException {
    for (ManifestFile file : manifest.files()) {
      if (file.path().equals("tokenizer.json")
          && !file.digest().equals(manifest.tokenizerDigest())) {
        throw untrue(
            manifest,
            "tokenizer_digest "
                + manifest.tokenizerDigest()
                + ", its tokenizer.json is "
                + file.digest());
      }
    }
  }

  private static Map<String, Object> facts(Manifest.Architecture shape, Manifest.Diffusion noise) {
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("layers", shape.layers());
    facts.put("hidden", shape.hidden());
    facts.put("heads", shape.heads());
    facts.put("kv_heads", shape.kvHeads());
    facts.put("ffn", shape.ffn());
    facts.put("vocab", shape.vocab());
    facts.put("max_len", shape.maxLen());
    facts.put("tie_embeddings", shape.tieEmbeddings());
    facts.put("param_count", shape.paramCount());
    facts.put("mask_token_id", String.valueOf(noise.maskTokenId()));
    facts.put("right_shift", noise.rightShift());
    return facts;
  }

  private static StoreException untrue(Manifest manifest, String what) {
    return new StoreException(
        Reason.INVALID,
        "the manifest of '"
            + manifest.model()
            + "' describes another model than its files are: it says "
            + what);
  }
}
