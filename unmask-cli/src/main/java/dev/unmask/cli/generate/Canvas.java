package dev.unmask.cli.generate;

import dev.unmask.v1.CanvasStep;
import dev.unmask.v1.GenerationStarted;
import dev.unmask.v1.SlotCommit;
import java.util.ArrayList;
import java.util.List;

/**
 * The canvas of one answer as it is known so far. Immutable: every event makes a new one.
 *
 * @param slots one entry a slot
 * @param blockLength slots of a block
 * @param step the last step, from 1; 0 before the first
 * @param block the block that the last step worked on
 */
record Canvas(List<Slot> slots, int blockLength, int step, int block) {

  /** A slot of the canvas. */
  sealed interface Slot {}

  /** Not decided yet. */
  record Masked() implements Slot {}

  /**
   * Decided.
   *
   * @param text the token alone; special tokens may be empty
   * @param confidence its probability when it was chosen
   * @param step the step that chose it
   */
  record Committed(String text, float confidence, int step) implements Slot {}

  private static final Slot MASKED = new Masked();

  Canvas {
    slots = List.copyOf(slots);
  }

  /** The canvas before the first step. */
  static Canvas of(GenerationStarted started) {
    List<Slot> slots = new ArrayList<>();
    for (int i = 0; i < started.getCanvasLength(); i++) {
      slots.add(MASKED);
    }
    int block = started.getBlockLength() > 0 ? started.getBlockLength() : slots.size();
    return new Canvas(slots, Math.max(1, block), 0, 0);
  }

  /** The canvas after one more step. Commits outside of the canvas are dropped. */
  Canvas after(CanvasStep event) {
    List<Slot> next = new ArrayList<>(slots);
    for (SlotCommit commit : event.getCommitsList()) {
      if (commit.getSlot() >= 0 && commit.getSlot() < next.size()) {
        next.set(
            commit.getSlot(),
            new Committed(commit.getText(), commit.getConfidence(), event.getStep()));
      }
    }
    return new Canvas(next, blockLength, event.getStep(), event.getBlock());
  }

  /** Slots that are still masked. */
  int masked() {
    return (int) slots.stream().filter(Masked.class::isInstance).count();
  }

  /** The first slot after the block that the last step worked on. */
  int endOfBlock() {
    return Math.min(slots.size(), (block + 1) * blockLength);
  }
}
