package dev.unmask.model.transformer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The input of one forward pass: several sequences of different lengths, one after the other
 * without padding, and the slots whose logits are wanted. Not thread-safe while it is being filled.
 */
public final class PackedBatch {

  /**
   * A stretch of a row. Its keys and values are written into the cache in place; then its tokens
   * attend to the cache's positions {@code [0, keys)}, of which the others must have been written
   * before.
   *
   * @param ids tokens at the positions {@code [from, from + ids.length)} of the row
   * @param from position of the first; 0 with the whole row fills a cache
   * @param slots positions of the row, inside the stretch, whose logits are wanted, in the order
   *     wanted
   * @param cache of this row; null for a whole row without one
   * @param keys positions attended to, at least {@code from + ids.length}
   * @param adapter what stands beside the weights for this row; null for the weights alone. Virtual
   *     tokens of a {@link SoftPrompt} are not counted in positions here, but the cache needs room
   *     for them.
   */
  @SuppressWarnings("ArrayRecordComponent") // Compared by nobody; read at once by add.
  public record Segment(
      int[] ids,
      int from,
      int[] slots,
      @Nullable KeyValueCache cache,
      int keys,
      @Nullable LoadedAdapter adapter) {

    /** With the weights alone. */
    public Segment(int[] ids, int from, int[] slots, @Nullable KeyValueCache cache, int keys) {
      this(ids, from, slots, cache, keys, null);
    }

    /** A whole row without a cache. */
    public static Segment whole(int[] ids, int[] slots, @Nullable LoadedAdapter adapter) {
      return new Segment(ids, 0, slots, null, ids.length, adapter);
    }

    /** The same with an adapter. */
    Segment with(@Nullable LoadedAdapter other) {
      return new Segment(ids, from, slots, cache, keys, other);
    }

    /**
     * As the network takes it: behind its virtual tokens, if it has any.
     *
     * @param first the virtual tokens' number among all of the batch
     */
    private Segment behind(SoftPrompt prompt, int first) {
      int count = prompt.virtualTokens();
      int before = from == 0 ? count : 0;
      int[] longer = new int[before + ids.length];
      for (int i = 0; i < before; i++) {
        longer[i] = -1 - first - i;
      }
      System.arraycopy(ids, 0, longer, before, ids.length);
      int[] moved = new int[slots.length];
      for (int i = 0; i < moved.length; i++) {
        moved[i] = slots[i] + count;
      }
      return new Segment(longer, from == 0 ? 0 : from + count, moved, cache, keys + count, adapter);
    }

    /** Checks that it fits its row and its cache. */
    public Segment {
      if (ids.length == 0) {
        throw new IllegalArgumentException("a sequence needs at least one token");
      }
      int room = cache == null ? ids.length : cache.length();
      if (from < 0 || (cache == null && from != 0)) {
        throw new IllegalArgumentException(
            "a segment that starts at " + from + " needs a cache of what stands before it");
      }
      if (keys < from + ids.length || keys > room) {
        throw new IllegalArgumentException(
            "a segment of positions "
                + from
                + " to "
                + (from + ids.length - 1)
                + " cannot attend to "
                + keys
                + " of "
                + room
                + " positions");
      }
      for (int slot : slots) {
        if (slot < from || slot >= from + ids.length) {
          throw new IllegalArgumentException(
              "slot "
                  + slot
                  + " is not in a sequence of positions "
                  + from
                  + " to "
                  + (from + ids.length - 1));
        }
      }
    }
  }

  private long[] ids = new long[256];
  private int tokens;
  private final List<Segment> segments = new ArrayList<>();
  private final Map<SoftPrompt, Integer> prompts = new LinkedHashMap<>();
  private int virtualTokens;
  private int asked;

  /**
   * Adds a whole row without a cache.
   *
   * @param sequence token ids
   * @param slots positions inside the sequence whose logits are wanted, in the order wanted
   * @return the index of this sequence's first row in the logits; its rows are consecutive
   */
  public int add(int[] sequence, int[] slots) {
    return add(new Segment(sequence, 0, slots, null, sequence.length));
  }

  /** Adds a stretch of a row; returns as {@link #add(int[], int[])}. */
  public int add(Segment given) {
    Segment segment =
        given.adapter() instanceof SoftPrompt prompt ? given.behind(prompt, first(prompt)) : given;
    if (tokens + segment.ids().length > ids.length) {
      ids = Arrays.copyOf(ids, Math.max(tokens + segment.ids().length, 2 * ids.length));
    }
    for (int id : segment.ids()) {
      ids[tokens++] = id;
    }
    segments.add(segment);
    int first = asked;
    asked += segment.slots().length;
    return first;
  }

  private int first(SoftPrompt prompt) {
    Integer known = prompts.get(prompt);
    if (known != null) {
      return known;
    }
    int first = virtualTokens;
    prompts.put(prompt, first);
    virtualTokens += prompt.virtualTokens();
    return first;
  }

  /** Whether any sequence has an adapter. */
  boolean adapted() {
    return segments.stream().anyMatch(segment -> segment.adapter() != null);
  }

  /** The prompts whose virtual tokens ids below 0 mean: -1 is the first one's first. */
  List<SoftPrompt> prompts() {
    return List.copyOf(prompts.keySet());
  }

  /** What was added, in order, virtual tokens included. */
  public List<Segment> segments() {
    return Collections.unmodifiableList(segments);
  }

  /** All token ids, packed; those below 0 are virtual. */
  public long[] ids() {
    return Arrays.copyOf(ids, tokens);
  }

  /** The number of tokens of each segment. */
  public long[] lengths() {
    return segments.stream().mapToLong(s -> s.ids().length).toArray();
  }

  /** The position in its row at which each segment begins. */
  long[] starts() {
    return segments.stream().mapToLong(Segment::from).toArray();
  }

  /** The number of positions that each segment attends to. */
  long[] keys() {
    return segments.stream().mapToLong(Segment::keys).toArray();
  }

  /** The packed positions of the asked slots. */
  public long[] rows() {
    return rows(0);
  }

  /**
   * The packed positions whose logits predict the asked slots.
   *
   * @param shift 0 where a row predicts its own slot, 1 where it predicts the next; slot 0 is then
   *     predicted by row 0
   * @throws IllegalArgumentException when such a row is not in its segment
   */
  public long[] rows(int shift) {
    long[] rows = new long[asked];
    int n = 0;
    long start = 0;
    for (Segment segment : segments) {
      for (int slot : segment.slots()) {
        int row = Math.max(slot - shift, 0);
        if (row < segment.from()) {
          throw new IllegalArgumentException(
              "slot " + slot + " is predicted by the row before it, which the segment lacks");
        }
        rows[n++] = start + row - segment.from();
      }
      start += segment.ids().length;
    }
    return rows;
  }

  public int tokens() {
    return tokens;
  }

  public int sequences() {
    return segments.size();
  }

  public int askedRows() {
    return asked;
  }
}
