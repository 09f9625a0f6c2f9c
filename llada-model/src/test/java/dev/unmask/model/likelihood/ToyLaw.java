package dev.unmask.model.likelihood;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.config.SpecialTokens;
import dev.unmask.model.transformer.KeyValueCache;
import dev.unmask.model.transformer.MaskPredictor;
import dev.unmask.model.transformer.PackedBatch;
import java.util.function.ToDoubleFunction;

/**
 * A law over three slots of three tokens, weight(a, b, c) = 1 + (a + 2b + 3c + ab + 2bc) mod 7 over
 * 95, and predictors that know it. Logits are float64, so that what is computed from them can be
 * held to 1e-9.
 *
 * @param sees whether the predictor looks at the slots that are not masked; one that does not knows
 *     the three marginals only
 */
record ToyLaw(boolean sees) implements MaskPredictor {

  static final int SLOTS = 3;
  static final int TOKENS = 3;
  static final int MASK = 3;
  static final double SUM = 95;
  private static final int COLUMNS = 4;

  /** The true conditionals. */
  static ToyLaw exact() {
    return new ToyLaw(true);
  }

  /** The product of the marginals. */
  static ToyLaw factorised() {
    return new ToyLaw(false);
  }

  static int weight(int... x) {
    return 1 + (x[0] + 2 * x[1] + 3 * x[2] + x[0] * x[1] + 2 * x[1] * x[2]) % 7;
  }

  static double logProbability(int... x) {
    return Math.log(weight(x) / SUM);
  }

  /** The sequence number {@code code} in lexicographic order, 0 to 26. */
  static int[] sequence(int code) {
    return new int[] {code / 9, code / 3 % 3, code % 3};
  }

  /** The mean of {@code value} over the law. */
  static double mean(ToDoubleFunction<int[]> value) {
    double mean = 0;
    for (int code = 0; code < 27; code++) {
      mean += weight(sequence(code)) / SUM * value.applyAsDouble(sequence(code));
    }
    return mean;
  }

  @Override
  public ModelConfig config() {
    return ModelConfig.shape()
        .width(2)
        .layers(1)
        .heads(1)
        .mlpWidth(2)
        .vocabularySize(COLUMNS)
        .contextLength(SLOTS)
        .tokens(MASK, SpecialTokens.NONE, SpecialTokens.NONE)
        .build();
  }

  @Override
  public NDArray states(NDManager owner, PackedBatch batch) {
    long[] ids = batch.ids();
    long[] rows = batch.rows();
    double[] logits = new double[rows.length * COLUMNS];
    for (int row = 0; row < rows.length; row++) {
      int slot = (int) rows[row] % SLOTS;
      int start = (int) rows[row] - slot;
      for (int token = 0; token < COLUMNS; token++) {
        logits[row * COLUMNS + token] =
            token == MASK ? Double.NEGATIVE_INFINITY : Math.log(mass(ids, start, slot, token));
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

  /** Sum of the weights of all completions with {@code token} in {@code slot}. */
  private double mass(long[] ids, int start, int slot, int token) {
    double sum = 0;
    for (int code = 0; code < 27; code++) {
      int[] x = sequence(code);
      boolean fits = x[slot] == token;
      for (int i = 0; i < SLOTS && sees; i++) {
        fits &= i == slot || ids[start + i] == MASK || ids[start + i] == x[i];
      }
      sum += fits ? weight(x) : 0;
    }
    return sum;
  }
}
