package dev.unmask.model.engine;

import dev.unmask.model.sampling.TokenClasses;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a span of slots may say: the words that a finite automaton over classes of tokens accepts,
 * all as long as the span. It may have several ways to read a word. Immutable.
 *
 * <p>Slots are committed in any order, so what a slot may become depends on both sides: a class is
 * allowed where some way from the start meets, over that class, some way to the end.
 */
public final class SlotLanguage {

  /** A slot without a token. */
  static final int OPEN = -1;

  private final int states;
  private final BitSet accepting;

  /** Of each edge: where it begins, what it is labelled with, where it ends. */
  private final int[][] edges;

  /** The classes of each label. */
  private final BitSet[] labels;

  private SlotLanguage(Builder builder) {
    this.states = builder.states;
    this.accepting = (BitSet) builder.accepting.clone();
    this.edges = builder.edges.toArray(int[][]::new);
    this.labels = builder.labels.keySet().toArray(BitSet[]::new);
  }

  /** An automaton of one state, 0, where it starts. */
  public static Builder builder() {
    return new Builder();
  }

  /** Collects states and edges. */
  public static final class Builder {

    private int states = 1;
    private final BitSet accepting = new BitSet();
    private final List<int[]> edges = new ArrayList<>();
    private final Map<BitSet, Integer> labels = new LinkedHashMap<>();

    private Builder() {}

    /** A new state. */
    public int state() {
      return states++;
    }

    /** Says that a word may end here. */
    public Builder accept(int state) {
      accepting.set(state);
      return this;
    }

    /** Says that a token of a class leads from one state to another. */
    public Builder edge(int from, int tokenClass, int to) {
      BitSet one = new BitSet();
      one.set(tokenClass);
      return edge(from, one, to);
    }

    /** The same for a token of any of these classes; of none, there is no edge. */
    public Builder edge(int from, BitSet classes, int to) {
      if (classes.isEmpty()) {
        return this;
      }
      int label = labels.computeIfAbsent((BitSet) classes.clone(), unused -> labels.size());
      edges.add(new int[] {from, label, to});
      return this;
    }

    /** How many edges there are. */
    public int edges() {
      return edges.size();
    }

    /** The automaton as it is now. */
    public SlotLanguage build() {
      return new SlotLanguage(this);
    }
  }

  /** Whether there is a word of this many tokens. */
  public boolean hasWordOf(int slots) {
    int[] open = new int[slots];
    Arrays.fill(open, OPEN);
    return reachedBy(open)[slots].intersects(accepting);
  }

  /**
   * What each slot may become beside what is committed.
   *
   * @param committed the class of each slot's token; {@link #OPEN} where there is none yet
   * @param classes how many there are
   * @return for each slot, which classes are allowed; none at all when nothing fits
   */
  boolean[][] allowed(int[] committed, int classes) {
    int slots = committed.length;
    BitSet[] forward = reachedBy(committed);
    BitSet backward = accepting;
    boolean[][] allowed = new boolean[slots][classes];
    for (int slot = slots - 1; slot >= 0; slot--) {
      BitSet before = new BitSet(states);
      BitSet used = new BitSet(labels.length);
      for (int[] edge : edges) {
        if (backward.get(edge[2])
            && forward[slot].get(edge[0])
            && takes(edge[1], committed[slot])) {
          before.set(edge[0]);
          used.set(edge[1]);
        }
      }
      boolean[] may = allowed[slot];
      used.stream().forEach(label -> labels[label].stream().forEach(c -> may[c] = true));
      backward = before;
    }
    return allowed;
  }

  /** The states that the slots before each slot, and all slots, lead to. */
  private BitSet[] reachedBy(int[] committed) {
    BitSet[] reached = new BitSet[committed.length + 1];
    reached[0] = new BitSet(states);
    reached[0].set(0);
    for (int slot = 0; slot < committed.length; slot++) {
      BitSet next = new BitSet(states);
      for (int[] edge : edges) {
        if (reached[slot].get(edge[0]) && takes(edge[1], committed[slot])) {
          next.set(edge[2]);
        }
      }
      reached[slot + 1] = next;
    }
    return reached;
  }

  private boolean takes(int label, int tokenClass) {
    return tokenClass == OPEN || labels[label].get(tokenClass);
  }

  /** The classes that a word can hold must be among those counted. */
  void check(TokenClasses classes) {
    for (BitSet label : labels) {
      if (label.get(0) || label.length() > classes.count()) {
        throw new IllegalArgumentException(
            "a language uses classes " + label + "; there are 1 to " + (classes.count() - 1));
      }
    }
  }
}
