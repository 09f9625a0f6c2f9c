package dev.unmask.sft.evaluation;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Adds up what a model says of the noisy copies of answers, each answer once. */
final class LossTally {

  /** Levels of noise, each a tenth wide. */
  private static final int LEVELS = 10;

  private final double[] levelLoss = new double[LEVELS];
  private final long[] levelRight = new long[LEVELS];
  private final long[] levelMasked = new long[LEVELS];

  /** Bound and answer tokens of each dialogue. */
  private final Map<Integer, double[]> dialogues = new HashMap<>();

  private double total;
  private double variance;
  private long answers;
  private long tokens;

  /** One masked slot. */
  void slot(int masked, int length, double crossEntropy, boolean right) {
    // Copies with all slots masked belong to the last level.
    int level = (int) (((long) masked * LEVELS - 1) / length);
    levelLoss[level] += crossEntropy;
    levelRight[level] += right ? 1 : 0;
    levelMasked[level]++;
  }

  /**
   * One answer.
   *
   * @param groups independent estimates of its bound; a single one is exact
   */
  void answer(int dialogue, int length, double[] groups) {
    double mean = 0;
    for (double value : groups) {
      mean += value / groups.length;
    }
    double squares = 0;
    for (double value : groups) {
      squares += (value - mean) * (value - mean);
    }
    if (groups.length > 1) {
      variance += squares / (groups.length - 1) / groups.length;
    }
    total += mean;
    answers++;
    tokens += length;
    double[] sums = dialogues.computeIfAbsent(dialogue, unused -> new double[2]);
    sums[0] += mean;
    sums[1] += length;
  }

  DiffusionLoss result() {
    double bound = total / tokens;
    List<NoiseLevel> levels = new ArrayList<>();
    for (int i = 0; i < LEVELS; i++) {
      double masked = levelMasked[i];
      levels.add(
          new NoiseLevel(
              (i + 0.5) / LEVELS, levelLoss[i] / masked, levelRight[i] / masked, levelMasked[i]));
    }
    return new DiffusionLoss(
        bound,
        Math.sqrt(variance) / tokens,
        rowsError(bound),
        levels,
        answers,
        tokens,
        dialogues.size());
  }

  /** The standard error of a ratio of means over dialogues, which are what is independent. */
  private double rowsError(double bound) {
    int n = dialogues.size();
    if (n < 2) {
      return Double.NaN;
    }
    double squares = 0;
    for (double[] sums : dialogues.values()) {
      double off = sums[0] - bound * sums[1];
      squares += off * off;
    }
    return Math.sqrt(squares * n / (n - 1)) / tokens;
  }
}
