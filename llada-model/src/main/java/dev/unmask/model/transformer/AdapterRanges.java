package dev.unmask.model.transformer;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Which rows of a batch belong to which low-rank adapter. Sequences of one adapter that stand next
 * to each other in a chunk are one range, so whoever fills a batch does well to put them together.
 *
 * @param adapters each once
 * @param ranges adapter, first row in its chunk, and rows, of each range
 * @param askedRanges the same for the rows asked for
 * @param firsts index of each chunk's first range
 * @param ends index behind each chunk's last range
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared; read at once by one call.
record AdapterRanges(
    List<LowRankAdapter> adapters, long[] ranges, long[] askedRanges, long[] firsts, long[] ends) {

  /**
   * The ranges of a batch.
   *
   * @param chunkEnds index behind the last segment of each chunk
   */
  static AdapterRanges of(PackedBatch batch, long... chunkEnds) {
    List<PackedBatch.Segment> segments = batch.segments();
    List<LowRankAdapter> adapters = new ArrayList<>();
    List<Long> ranges = new ArrayList<>();
    List<Long> asked = new ArrayList<>();
    long[] firsts = new long[chunkEnds.length];
    long[] ends = new long[chunkEnds.length];
    int first = 0;
    for (int c = 0; c < chunkEnds.length; c++) {
      firsts[c] = ranges.size() / 3;
      long row = 0;
      long askedRow = 0;
      LoadedAdapter last = null;
      for (PackedBatch.Segment segment : segments.subList(first, (int) chunkEnds[c])) {
        long rows = segment.ids().length;
        long askedRows = segment.slots().length;
        if (segment.adapter() instanceof LowRankAdapter adapter) {
          if (Objects.equals(last, adapter)) {
            lengthen(ranges, rows);
            lengthen(asked, askedRows);
          } else {
            if (!adapters.contains(adapter)) {
              adapters.add(adapter);
            }
            long number = adapters.indexOf(adapter);
            ranges.addAll(List.of(number, row, rows));
            asked.addAll(List.of(number, askedRow, askedRows));
          }
        }
        last = segment.adapter();
        row += rows;
        askedRow += askedRows;
      }
      first = (int) chunkEnds[c];
      ends[c] = ranges.size() / 3;
    }
    return new AdapterRanges(adapters, longs(ranges), longs(asked), firsts, ends);
  }

  private static void lengthen(List<Long> ranges, long rows) {
    int last = ranges.size() - 1;
    ranges.set(last, ranges.get(last) + rows);
  }

  private static long[] longs(List<Long> numbers) {
    return numbers.stream().mapToLong(Long::longValue).toArray();
  }
}
