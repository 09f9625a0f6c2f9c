package dev.unmask.sft.experiment;

import java.util.SplittableRandom;

/** Rows of a Markov chain: each token follows the two before it by chances drawn once. */
final class ChainData {

  static final int TOKENS = 12;
  static final int LENGTH = 17;
  private static final int BEGIN = TOKENS;

  private final double[][][] chances = new double[TOKENS + 1][TOKENS + 1][TOKENS];

  ChainData() {
    SplittableRandom random = new SplittableRandom(17);
    for (double[][] first : chances) {
      for (double[] row : first) {
        double sum = 0;
        for (int i = 0; i < TOKENS; i++) {
          row[i] = Math.pow(random.nextDouble(), 6) + 0.001;
          sum += row[i];
        }
        for (int i = 0; i < TOKENS; i++) {
          row[i] /= sum;
        }
      }
    }
  }

  int[] draw(SplittableRandom random) {
    int[] row = new int[LENGTH];
    row[0] = BEGIN;
    int before = BEGIN;
    for (int i = 1; i < LENGTH; i++) {
      double[] next = chances[before][row[i - 1]];
      double at = random.nextDouble();
      int token = 0;
      while (token < TOKENS - 1 && at >= next[token]) {
        at -= next[token++];
      }
      before = row[i - 1];
      row[i] = token;
    }
    return row;
  }

  int[][] judged(int rows) {
    SplittableRandom random = new SplittableRandom(23);
    int[][] judged = new int[rows][];
    for (int i = 0; i < rows; i++) {
      judged[i] = draw(random);
    }
    return judged;
  }

  /** What these rows really cost, nats for each token. */
  double nats(int[][] rows) {
    double sum = 0;
    for (int[] row : rows) {
      int before = BEGIN;
      for (int i = 1; i < LENGTH; i++) {
        sum -= Math.log(chances[before][row[i - 1]][row[i]]);
        before = row[i - 1];
      }
    }
    return sum / (rows.length * (LENGTH - 1.0));
  }
}
