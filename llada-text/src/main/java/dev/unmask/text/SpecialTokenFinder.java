package dev.unmask.text;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Finds a checkpoint's special tokens: by id in {@code config.json}, else by name in {@code
 * tokenizer_config.json}, else by the name LLaDA gives them.
 */
final class SpecialTokenFinder {

  private final TokenizerFiles files;
  private final Map<String, Integer> added;
  private final int vocabularySize;

  private SpecialTokenFinder(TokenizerFiles files, Map<String, Integer> added, int vocabularySize) {
    this.files = files;
    this.added = added;
    this.vocabularySize = vocabularySize;
  }

  static SpecialTokens find(TokenizerFiles files, Map<String, Integer> added, int vocabularySize)
      throws TokenizerException {
    SpecialTokenFinder finder = new SpecialTokenFinder(files, added, vocabularySize);
    int mask = finder.id("mask_token_id", "mask_token", "<|mdm_mask|>");
    int eos = finder.id("eos_token_id", "eos_token", "<|endoftext|>");
    require(mask, "mask", "mask_token_id", "<|mdm_mask|>");
    require(eos, "end-of-text", "eos_token_id", "<|endoftext|>");
    int pad = finder.id("pad_token_id", "pad_token", null);
    int bos = finder.id("bos_token_id", "bos_token", "<|startoftext|>");
    int eot = added.getOrDefault(LladaChatTemplate.END_OF_TURN, -1);
    return new SpecialTokens(mask, eos, eot, bos, pad >= 0 ? pad : eos);
  }

  private int id(String configField, String nameField, @Nullable String usualName)
      throws TokenizerException {
    int id = files.configId(configField);
    if (id >= vocabularySize) {
      throw new TokenizerException(
          "config.json has "
              + configField
              + " = "
              + id
              + ", but tokenizer.json ends at id "
              + (vocabularySize - 1)
              + "; the two files belong to different models.");
    }
    if (id >= 0) {
      return id;
    }
    String name = files.namedToken(nameField);
    if (name != null && added.containsKey(name)) {
      return added.get(name);
    }
    return usualName == null ? -1 : added.getOrDefault(usualName, -1);
  }

  private static void require(int id, String what, String configField, String usualName)
      throws TokenizerException {
    if (id < 0) {
      throw new TokenizerException(
          "The checkpoint names no "
              + what
              + " token: config.json has no "
              + configField
              + ", and tokenizer.json has no added token "
              + usualName
              + ".");
    }
  }
}
