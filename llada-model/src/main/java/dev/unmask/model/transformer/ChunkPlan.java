package dev.unmask.model.transformer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * How the segments of a batch are cut into chunks, each of which goes through a block at once: as
 * many whole segments in order as have together at most {@link #TOKENS} tokens; a longer one is a
 * chunk of its own. A chunk's rows are padded up to a rounded count, and so are the rows asked of
 * it, so that few counts exist: oneDNN makes, and keeps, kernels for each.
 *
 * @param ids of all chunks with their padding
 * @param ends index behind the last segment of each chunk
 * @param sizes rows of each chunk, with padding
 * @param asked rows asked of each segment
 * @param askedSizes rows asked of each chunk, with padding
 * @param rows those rows, as positions in their chunk
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared; read at once by one call.
record ChunkPlan(
    long[] ids, long[] ends, long[] sizes, long[] asked, long[] askedSizes, long[] rows) {

  /** Tokens of a chunk. */
  static final int TOKENS = 512;

  private static final int ROUND = 16;

  static ChunkPlan of(PackedBatch batch, int shift) {
    List<PackedBatch.Segment> segments = batch.segments();
    long[] asked = segments.stream().mapToLong(s -> s.slots().length).toArray();
    long[] packedIds = batch.ids();
    long[] packedRows = batch.rows(shift);
    List<Integer> ends = new ArrayList<>();
    int tokens = 0;
    for (int i = 0; i < segments.size(); i++) {
      int length = segments.get(i).ids().length;
      if (tokens > 0 && tokens + length > TOKENS) {
        ends.add(i);
        tokens = 0;
      }
      tokens += length;
    }
    ends.add(segments.size());
    int chunks = ends.size();
    long[] sizes = new long[chunks];
    long[] askedSizes = new long[chunks];
    long[] ids = new long[packedIds.length + chunks * (rounding(packedIds.length) - 1)];
    long[] rows = new long[packedRows.length + chunks * (rounding(packedIds.length) - 1)];
    int id = 0;
    int row = 0;
    int packed = 0;
    int packedRow = 0;
    int first = 0;
    for (int c = 0; c < chunks; c++) {
      int count = 0;
      int wanted = 0;
      for (int i = first; i < ends.get(c); i++) {
        count += segments.get(i).ids().length;
        wanted += segments.get(i).slots().length;
      }
      first = ends.get(c);
      System.arraycopy(packedIds, packed, ids, id, count);
      for (int i = 0; i < wanted; i++) {
        rows[row + i] = packedRows[packedRow + i] - packed;
      }
      packed += count;
      packedRow += wanted;
      sizes[c] = rounded(count);
      askedSizes[c] = rounded(wanted);
      id += (int) sizes[c];
      row += (int) askedSizes[c];
    }
    return new ChunkPlan(
        Arrays.copyOf(ids, id),
        ends.stream().mapToLong(Integer::longValue).toArray(),
        sizes,
        asked,
        askedSizes,
        Arrays.copyOf(rows, row));
  }

  /** A count with its padding. */
  static int rounded(int count) {
    int to = rounding(count);
    return (count + to - 1) / to * to;
  }

  private static int rounding(int count) {
    return count <= TOKENS ? ROUND : 4 * ROUND;
  }
}
