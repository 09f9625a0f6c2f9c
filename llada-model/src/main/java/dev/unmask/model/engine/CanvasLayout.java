package dev.unmask.model.engine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Where the slots of a canvas stand in its row, and which of them make a block. The slots are the
 * row's masked positions in order; they may be any number of spans between fixed text. Immutable.
 *
 * <p>A block is the next {@code blockLength} slots, whatever fixed text lies between them. For a
 * block-causal network blocks are those of its own grid instead, which starts at position 0 of the
 * row: a prompt's tail may share the first block, and blocks without a slot are passed over.
 */
final class CanvasLayout {

  private final int rowLength;
  private final int grid;
  private final int[] positions;
  private final int[] firstSlots;

  /**
   * Lays out a row.
   *
   * @param row with at least one mask
   * @param grid block length of a block-causal network; 0 for others
   */
  CanvasLayout(int[] row, int mask, int blockLength, int grid) {
    this.rowLength = row.length;
    this.grid = grid;
    this.positions = IntStream.range(0, row.length).filter(i -> row[i] == mask).toArray();
    List<Integer> starts = new ArrayList<>();
    for (int slot = 0; slot < positions.length; slot++) {
      boolean first =
          grid == 0
              ? slot % blockLength == 0
              : slot == 0 || positions[slot] / grid != positions[slot - 1] / grid;
      if (first) {
        starts.add(slot);
      }
    }
    starts.add(positions.length);
    this.firstSlots = starts.stream().mapToInt(Integer::intValue).toArray();
  }

  int slots() {
    return positions.length;
  }

  int blocks() {
    return firstSlots.length - 1;
  }

  /** The position of a slot. */
  int position(int slot) {
    return positions[slot];
  }

  /** The slot at a position that is one. */
  int slot(int position) {
    return Arrays.binarySearch(positions, position);
  }

  int firstSlot(int block) {
    return firstSlots[block];
  }

  int slots(int block) {
    return firstSlots[block + 1] - firstSlots[block];
  }

  /** Where a block begins in the row: at its first slot, or at the grid's line before it. */
  int start(int block) {
    int first = positions[firstSlots[block]];
    return grid == 0 ? first : first / grid * grid;
  }

  /** Where a block ends in the row, exclusive: behind its last slot, or at the grid's next line. */
  int end(int block) {
    int last = positions[firstSlots[block + 1] - 1];
    return grid == 0 ? last + 1 : Math.min(rowLength, (last / grid + 1) * grid);
  }

  /** Whether the canvas is the end of the row: nothing fixed stands behind its first slot. */
  boolean open() {
    return positions[0] == rowLength - positions.length;
  }

  /** Positions of the row. */
  int length() {
    return rowLength;
  }
}
