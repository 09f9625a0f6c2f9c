package dev.unmask.text;

import java.util.List;
import java.util.Map;

/**
 * Finds a checkpoint's special tokens: by id in {@code config.json}, else by name in {@code
 * tokenizer_config.json}, else by id in {@code generation_config.json}, else by the names that
 * published models give them.
 */
final class SpecialTokenFinder {

  private static final List<String> MASK =
      List.of("<|mdm_mask|>", "<|mask|>", "<[MASK]>", "[MASK]", "<mask>");
  private static final List<String> END_OF_TEXT = List.of("<|endoftext|>", "</s>");
  private static final List<String> BEGIN_OF_TEXT =
      List.of("<|startoftext|>", "<|beginoftext|>", "<s>");
  private static final List<String> END_OF_TURN =
      List.of("<|eot_id|>", "<|im_end|>", "<|role_end|>");

  private final TokenizerFiles files;
  private final Map<String, AddedToken> added;
  private final BpeModel model;
  private final int vocabularySize;

  SpecialTokenFinder(
      TokenizerFiles files, Map<String, AddedToken> added, BpeModel model, int vocabularySize) {
    this.files = files;
    this.added = added;
    this.model = model;
    this.vocabularySize = vocabularySize;
  }

  /** All but the end of a turn, which the chat template may tell. */
  SpecialTokens find() throws TokenizerException {
    int mask = id("mask_token", MASK);
    int eos = id("eos_token", END_OF_TEXT);
    require(mask, "mask", "mask_token_id", MASK);
    require(eos, "end-of-text", "eos_token_id", END_OF_TEXT);
    int pad = id("pad_token", List.of());
    return new SpecialTokens(mask, eos, -1, id("bos_token", BEGIN_OF_TEXT), pad >= 0 ? pad : eos);
  }

  /**
   * The end of a turn: {@code eot_token_id} of config.json, else what the chat template writes
   * behind an answer, else a usual name.
   *
   * @param written what the chat template writes, or -1
   */
  int endOfTurn(int written) throws TokenizerException {
    int id = inVocabulary(files.configId("eot_token_id"), "eot_token_id");
    return id >= 0 ? id : written >= 0 ? written : named(END_OF_TURN);
  }

  private int id(String field, List<String> usualNames) throws TokenizerException {
    int id = inVocabulary(files.configId(field + "_id"), field + "_id");
    if (id >= 0) {
      return id;
    }
    String name = files.namedToken(field);
    int found = name == null ? -1 : named(List.of(name));
    if (found < 0) {
      found = inVocabulary(files.generationId(field + "_id"), field + "_id");
    }
    return found >= 0 ? found : named(usualNames);
  }

  private int named(List<String> names) {
    for (String name : names) {
      AddedToken token = added.get(name);
      int id = token == null ? model.id(name) : token.id();
      if (id >= 0) {
        return id;
      }
    }
    return -1;
  }

  private int inVocabulary(int id, String field) throws TokenizerException {
    if (id >= vocabularySize) {
      throw new TokenizerException(
          "The checkpoint's configuration has "
              + field
              + " = "
              + id
              + ", but tokenizer.json ends at id "
              + (vocabularySize - 1)
              + "; the files belong to different models.");
    }
    return id;
  }

  private static void require(int id, String what, String field, List<String> usualNames)
      throws TokenizerException {
    if (id < 0) {
      throw new TokenizerException(
          "The checkpoint names no "
              + what
              + " token: config.json has no "
              + field
              + ", and tokenizer.json has none of "
              + String.join(", ", usualNames)
              + ".");
    }
  }
}
