package dev.unmask.text;

import java.nio.file.Path;

/**
 * The token ids that the model treats specially.
 *
 * @param mask stands in a slot that is not filled yet
 * @param eos ends a text
 * @param eot ends a message; -1 when the tokenizer has none (base models)
 * @param bos begins a text; -1 when the tokenizer has none
 * @param pad fills a row in training; for LLaDA the same id as {@code eos}
 */
public record SpecialTokens(int mask, int eos, int eot, int bos, int pad) {

  /**
   * The special tokens of a checkpoint folder, from its JSON files alone, as {@link LladaTokenizer}
   * finds them.
   *
   * @throws TokenizerException when {@link LladaTokenizer#load} would refuse the files
   */
  public static SpecialTokens read(Path modelDir) throws TokenizerException {
    return TokenizerDefinition.read(modelDir).special();
  }

  /** Whether an answer ends where this id stands. */
  public boolean endsAnswer(int id) {
    return id == eos || (id == eot && eot >= 0);
  }

  /**
   * Whether {@code id} is one of these five; {@link LladaTokenizer#isSpecial} knows all of them.
   */
  public boolean isSpecial(int id) {
    return id >= 0 && (id == mask || id == eos || id == eot || id == bos || id == pad);
  }
}
