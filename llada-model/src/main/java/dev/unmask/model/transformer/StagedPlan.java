package dev.unmask.model.transformer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The order in which a device gets the segments of a batch: whole rows by their length, so that
 * rows of one length stand side by side and share one attention, then segments with caches as they
 * came. What is asked for keeps the batch's order.
 *
 * @param ids packed in the new order
 * @param positions of each token in its row
 * @param rows asked for, in the batch's order, as positions in the new one
 * @param segments in the new order
 * @param runs how many segments in a row are attended together; their sum is their number
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared; read at once by one call.
record StagedPlan(
    long[] ids, long[] positions, long[] rows, List<PackedBatch.Segment> segments, long[] runs) {

  /**
   * A plan.
   *
   * @param shift as for {@link PackedBatch#rows(int)}
   * @param joins whether rows of one length may be attended together: not where a mask hides keys
   */
  static StagedPlan of(PackedBatch batch, int shift, boolean joins) {
    List<PackedBatch.Segment> given = batch.segments();
    List<Integer> order = new ArrayList<>(IntStream.range(0, given.size()).boxed().toList());
    if (joins) {
      order.sort(
          Comparator.comparingInt((Integer i) ->
              given.get(i).cache() == null ? given.get(i).ids().length : Integer.MAX_VALUE));
    }
    long[] ids = new long[batch.tokens()];
    long[] positions = new long[batch.tokens()];
    int[] begins = new int[given.size()];
    int at = 0;
    for (int i : order) {
      PackedBatch.Segment segment = given.get(i);
      begins[i] = at;
      for (int t = 0; t < segment.ids().length; t++) {
        ids[at] = segment.ids()[t];
        positions[at] = (long) segment.from() + t;
        at++;
      }
    }
    List<PackedBatch.Segment> segments = order.stream().map(given::get).toList();
    return new StagedPlan(
        ids, positions, rows(batch, shift, begins), segments, runs(segments, joins));
  }

  private static long[] rows(PackedBatch batch, int shift, int[] begins) {
    long[] rows = batch.rows(shift);
    int row = 0;
    int begin = 0;
    for (int i = 0; i < begins.length; i++) {
      PackedBatch.Segment segment = batch.segments().get(i);
      for (int end = row + segment.slots().length; row < end; row++) {
        rows[row] += (long) begins[i] - begin;
      }
      begin += segment.ids().length;
    }
    return rows;
  }

  private static long[] runs(List<PackedBatch.Segment> segments, boolean joins) {
    long[] runs = new long[segments.size()];
    int n = 0;
    for (int i = 0; i < segments.size(); i++) {
      boolean more =
          i > 0
              && joins
              && segments.get(i).cache() == null
              && segments.get(i - 1).cache() == null
              && segments.get(i).ids().length == segments.get(i - 1).ids().length;
      if (more) {
        runs[n - 1]++;
      } else {
        runs[n++] = 1;
      }
    }
    return Arrays.copyOf(runs, n);
  }

  long[] starts() {
    return segments.stream().mapToLong(PackedBatch.Segment::from).toArray();
  }

  long[] lengths() {
    return segments.stream().mapToLong(s -> s.ids().length).toArray();
  }

  long[] keys() {
    return segments.stream().mapToLong(PackedBatch.Segment::keys).toArray();
  }
}
