package dev.unmask.model.engine;

import dev.unmask.model.sampling.TokenClasses;
import java.util.List;

/**
 * What the slots of a canvas may say: the canvas is spans that follow on one another, each with a
 * language of its own. Every answer keeps to it, whatever the network predicts. Immutable.
 *
 * @param classes sorts the tokens for all spans
 * @param spans in the order of slots; together they are the whole canvas
 * @param padding classes that stand for nothing where a word has ended; a slot that can only be of
 *     them becomes {@code filler} without a decision
 * @param filler a token of a padding class
 */
public record SlotRules(
    TokenClasses classes, List<SlotSpan> spans, List<Integer> padding, int filler) {

  /**
   * Slots that say one word together.
   *
   * @param slots at least one
   */
  public record SlotSpan(int slots, SlotLanguage language) {

    public SlotSpan {
      if (slots < 1 || !language.hasWordOf(slots)) {
        throw new IllegalArgumentException("the language has no word of " + slots + " tokens");
      }
    }
  }

  public SlotRules {
    spans = List.copyOf(spans);
    padding = List.copyOf(padding);
    spans.forEach(span -> span.language().check(classes));
    if (!padding.contains(classes.of(filler))) {
      throw new IllegalArgumentException("token " + filler + " is not of a padding class");
    }
  }

  /** Slots of all spans. */
  public int slots() {
    return spans.stream().mapToInt(SlotSpan::slots).sum();
  }
}
