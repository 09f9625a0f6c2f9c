package dev.unmask.benchmarks;

import dev.unmask.model.config.ModelConfig;
import java.util.Arrays;
import java.util.Random;

/** A model's shape and rows of several lengths, the same in every run. */
final class Rows {

  static final int BLOCK = 32;
  private static final int SHORTEST = 40;
  private static final int LONGEST = 288;

  private Rows() {}

  /** The shape that {@code unmask bench engine} calls mini. */
  static ModelConfig mini() {
    return ModelConfig.shape()
        .width(320)
        .layers(8)
        .heads(5)
        .mlpWidth(864)
        .vocabularySize(4096)
        .tiedHead(true)
        .contextLength(1024)
        .tokens(4095, 4094, 4094)
        .build();
  }

  static int[][] some(int count) {
    Random random = new Random(4);
    int[][] rows = new int[count][];
    for (int i = 0; i < count; i++) {
      rows[i] = random.ints(random.nextInt(SHORTEST, LONGEST + 1), 0, 4000).toArray();
    }
    return rows;
  }

  /** The last {@link #BLOCK} positions of a row. */
  static int[] lastBlock(int[] row) {
    int[] slots = new int[BLOCK];
    Arrays.setAll(slots, i -> row.length - BLOCK + i);
    return slots;
  }
}
