package dev.unmask.model.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.config.SpecialTokens;
import dev.unmask.model.transformer.KeyValueCache;
import dev.unmask.model.transformer.MaskPredictor;
import dev.unmask.model.transformer.PackedBatch;

/**
 * A perfect predictor of a tiny distribution over three slots of three tokens: weight(a, b, c) = 1
 * + (a + 2b + 3c + ab + 2bc) mod 7, sum 95. Its logits are the logs of the true conditionals, so
 * every sampler's behaviour can be computed by hand.
 */
final class ToyPredictor implements MaskPredictor {

  static final int MASK = 3;
  static final int EOS = 4;
  private static final int COLUMNS = 5;

  static int weight(int a, int b, int c) {
    return 1 + (a + 2 * b + 3 * c + a * b + 2 * b * c) % 7;
  }

  @Override
  public ModelConfig config() {
    return ModelConfig.shape()
        .width(2)
        .layers(1)
        .heads(1)
        .mlpWidth(2)
        .vocabularySize(COLUMNS)
        .tiedHead(true)
        .contextLength(64)
        .tokens(MASK, EOS, SpecialTokens.NONE)
        .build();
  }

  @Override
  public NDArray states(NDManager owner, PackedBatch batch) {
    long[] ids = batch.ids();
    long[] rows = batch.rows();
    float[] logits = new float[rows.length * COLUMNS];
    for (int row = 0; row < rows.length; row++) {
      int position = (int) rows[row] % 3;
      int start = (int) rows[row] - position;
      for (int token = 0; token < COLUMNS; token++) {
        logits[row * COLUMNS + token] =
            (float) Math.log(token < 3 ? mass(ids, start, position, token) : 0);
      }
    }
    return owner.create(logits, new Shape(rows.length, COLUMNS));
  }

  /** The states of this predictor are its logits. */
  @Override
  public NDArray head(NDManager owner, NDArray states) {
    NDArray copy = states.duplicate();
    copy.attach(owner);
    return copy;
  }

  @Override
  public KeyValueCache newCache(int length) {
    throw new UnsupportedOperationException("a table of probabilities has no keys and values");
  }

  /** Sum of the weights of all completions with {@code token} at {@code position}. */
  private static double mass(long[] ids, int start, int position, int token) {
    double sum = 0;
    for (int code = 0; code < 27; code++) {
      int[] x = {code / 9, code / 3 % 3, code % 3};
      boolean fits = x[position] == token;
      for (int i = 0; i < 3; i++) {
        fits &= i == position || ids[start + i] == MASK || ids[start + i] == x[i];
      }
      sum += fits ? weight(x[0], x[1], x[2]) : 0;
    }
    return sum;
  }
}
