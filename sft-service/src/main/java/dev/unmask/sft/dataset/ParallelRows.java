package dev.unmask.sft.dataset;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Parses and tokenizes rows on several threads and gives them in their order. What is under way is
 * bounded in bytes, so memory does not depend on the file. The caller's thread reads the file.
 */
final class ParallelRows {

  private static final int CHUNK_ROWS = 256;
  private static final int CHUNK_BYTES = 1 << 18;

  /** Takes what a row gave, in the order of the rows; says whether more is wanted. */
  @FunctionalInterface
  interface Taker {
    boolean take(RowTokeniser.Result result) throws IOException;
  }

  private ParallelRows() {}

  static void read(
      RawRows rows, RowDecoder decoder, RowTokeniser tokeniser, int threads, Taker taker)
      throws IOException {
    // The row that tells the format is decoded here; from then on the decoder does not change.
    while (decoder.format() == null) {
      RawRow raw = rows.next();
      if (raw == null || !taker.take(tokeniser.of(decoder.decode(raw)))) {
        return;
      }
    }
    try (ExecutorService workers =
        Executors.newFixedThreadPool(
            threads, Thread.ofPlatform().name("rows-", 0).daemon().factory())) {
      Deque<Future<List<RowTokeniser.Result>>> underWay = new ArrayDeque<>();
      try {
        boolean more = true;
        while (more || !underWay.isEmpty()) {
          while (more && underWay.size() < 2 * threads) {
            List<RawRow> chunk = chunk(rows);
            more = !chunk.isEmpty();
            if (more) {
              underWay.add(workers.submit(() -> work(chunk, decoder, tokeniser)));
            }
          }
          if (!underWay.isEmpty()) {
            for (RowTokeniser.Result result : underWay.remove().get()) {
              if (!taker.take(result)) {
                return;
              }
            }
          }
        }
      } catch (ExecutionException e) {
        throw new IOException("A row could not be read: " + e.getCause(), e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted while reading a dataset");
      } finally {
        underWay.forEach(left -> left.cancel(false));
      }
    }
  }

  private static List<RawRow> chunk(RawRows rows) throws IOException {
    List<RawRow> chunk = new ArrayList<>();
    long bytes = 0;
    while (chunk.size() < CHUNK_ROWS && bytes < CHUNK_BYTES) {
      RawRow raw = rows.next();
      if (raw == null) {
        break;
      }
      chunk.add(raw);
      bytes += raw.bytes().length;
    }
    return chunk;
  }

  private static List<RowTokeniser.Result> work(
      List<RawRow> chunk, RowDecoder decoder, RowTokeniser tokeniser) {
    List<RowTokeniser.Result> results = new ArrayList<>(chunk.size());
    for (RawRow raw : chunk) {
      results.add(tokeniser.of(decoder.decode(raw)));
    }
    return results;
  }
}
