package dev.unmask.model.likelihood;

import dev.unmask.text.LladaTokenizer;
import java.util.Arrays;

/**
 * A prompt and its continuation as ids, divided as the evaluation harness of LLaDA does
 * (eval_llada.py, {@code _encode_pair}): white space at the end of the context moves to the
 * continuation, because tokens usually begin with their space; the pair is encoded as one text and
 * cut at the number of tokens that the context has by itself. No BOS.
 *
 * <p>When the border falls inside a token of the whole text, the cut loses what that token shares
 * with the context: the harness does so, and scores are comparable only if this does so too. One
 * thing differs: text that spells a control token stays text here.
 *
 * @param promptIds the context's own tokens
 * @param answerIds the tokens of the whole from there on; empty when the continuation adds none
 */
@SuppressWarnings("ArrayRecordComponent") // Compared by nobody; handed over.
public record Continuation(int[] promptIds, int[] answerIds) {

  /** Encodes and divides a pair. */
  public static Continuation encode(LladaTokenizer tokenizer, String context, String text) {
    int end = context.length();
    while (end > 0 && isSpace(context.charAt(end - 1))) {
      end--;
    }
    int[] prompt = tokenizer.encode(context.substring(0, end));
    int[] whole = tokenizer.encode(context + text);
    int from = Math.min(prompt.length, whole.length);
    return new Continuation(prompt, Arrays.copyOfRange(whole, from, whole.length));
  }

  /** What Python's {@code str.rstrip()} takes away; the harness is written in Python. */
  private static boolean isSpace(char c) {
    return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == '\u0085';
  }
}
