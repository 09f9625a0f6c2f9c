package dev.unmask.model.engine;

import dev.unmask.model.sampling.TokenChooser;
import java.util.Arrays;

/**
 * What a forward pass predicted.
 *
 * @param positions ascending
 * @param choices one for each position
 */
@SuppressWarnings("ArrayRecordComponent") // Compared by nobody; read only.
record Predictions(int[] positions, TokenChooser.Choices choices) {

  /** Of no position. */
  static final Predictions NONE =
      new Predictions(new int[0], new TokenChooser.Choices(new int[0], new float[0], new float[0]));

  /** Whether each of these was predicted. */
  boolean coverAll(int[] asked) {
    return Arrays.stream(asked).allMatch(position -> index(position) >= 0);
  }

  /** The predictions of some of the positions. */
  TokenChooser.Choices of(int[] asked) {
    int[] tokens = new int[asked.length];
    float[] confidences = new float[asked.length];
    float[] scores = new float[asked.length];
    for (int i = 0; i < asked.length; i++) {
      int at = index(asked[i]);
      tokens[i] = choices.tokens()[at];
      confidences[i] = choices.confidences()[at];
      scores[i] = choices.scores()[at];
    }
    return new TokenChooser.Choices(tokens, confidences, scores);
  }

  private int index(int position) {
    return Arrays.binarySearch(positions, position);
  }
}
