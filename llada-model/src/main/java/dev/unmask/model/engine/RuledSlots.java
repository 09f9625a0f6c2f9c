package dev.unmask.model.engine;

import dev.unmask.model.sampling.TokenClasses;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * The slots of one canvas with their {@link SlotRules}, as far as they are committed. There is
 * always a way to commit the rest.
 */
final class RuledSlots {

  private final SlotRules rules;

  /** Of each slot, its span. */
  private final int[] spanOf;

  private final int[] firstSlots;
  private final int[][] committed;
  private final boolean[][][] allowed;

  /** The token of a class that has only one, as far as was looked. */
  private final Map<Integer, Integer> single = new HashMap<>();

  RuledSlots(SlotRules rules, int vocabularySize) {
    this.rules = rules;
    List<SlotRules.SlotSpan> spans = rules.spans();
    this.spanOf = new int[rules.slots()];
    this.firstSlots = new int[spans.size()];
    this.committed = new int[spans.size()][];
    this.allowed = new boolean[spans.size()][][];
    int slot = 0;
    for (int s = 0; s < spans.size(); s++) {
      int slots = spans.get(s).slots();
      firstSlots[s] = slot;
      Arrays.fill(spanOf, slot, slot + slots, s);
      slot += slots;
      committed[s] = new int[slots];
      Arrays.fill(committed[s], SlotLanguage.OPEN);
      look(s);
    }
    int[] members = new int[rules.classes().count()];
    int[] lastOf = new int[members.length];
    for (int id = 0; id < vocabularySize; id++) {
      int tokenClass = rules.classes().of(id);
      members[tokenClass]++;
      lastOf[tokenClass] = id;
    }
    for (int c = 1; c < members.length; c++) {
      if (members[c] == 1) {
        single.put(c, lastOf[c]);
      }
    }
  }

  TokenClasses classes() {
    return rules.classes();
  }

  /** Which classes a slot may become. */
  boolean[] allowed(int slot) {
    int span = spanOf[slot];
    return allowed[span][slot - firstSlots[span]];
  }

  /** Whether a slot may become this token. */
  boolean takes(int slot, int token) {
    return allowed(slot)[rules.classes().of(token)];
  }

  /** The token that a slot has to become, if there is only one; a filler counts as one. */
  OptionalInt forced(int slot) {
    boolean[] may = allowed(slot);
    int only = -1;
    boolean padding = true;
    int count = 0;
    for (int c = 0; c < may.length; c++) {
      if (may[c]) {
        count++;
        only = c;
        padding &= rules.padding().contains(c);
      }
    }
    if (padding && may[rules.classes().of(rules.filler())]) {
      return OptionalInt.of(rules.filler());
    }
    Integer token = count == 1 ? single.get(only) : null;
    return token == null ? OptionalInt.empty() : OptionalInt.of(token);
  }

  /** Takes a token that the slot {@link #takes}. */
  void commit(int slot, int token) {
    if (!takes(slot, token)) {
      throw new IllegalStateException("token " + token + " is not allowed in slot " + slot);
    }
    int span = spanOf[slot];
    committed[span][slot - firstSlots[span]] = rules.classes().of(token);
    look(span);
  }

  private void look(int span) {
    allowed[span] =
        rules.spans().get(span).language().allowed(committed[span], rules.classes().count());
  }
}
