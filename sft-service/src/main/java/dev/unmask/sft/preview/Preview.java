package dev.unmask.sft.preview;

import dev.unmask.sft.dataset.DatasetFacts;
import dev.unmask.sft.dataset.DatasetRow.Rejected;
import java.util.List;
import java.util.Optional;

/**
 * All that is shown.
 *
 * @param eosShare share of EOS padding among the answer slots of a pass
 * @param batchRows rows of a batch, which that share depends on
 * @param rejections the first rejected rows
 * @param refusal why a job would not train on these rows
 */
record Preview(
    DatasetFacts facts,
    Lengths lengths,
    double eosShare,
    int batchRows,
    List<Rejected> rejections,
    Optional<String> refusal,
    List<RenderedRow> rows,
    Cost cost) {

  /**
   * What reading took.
   *
   * @param peakHeapBytes most that the Java heap held, garbage included
   * @param peakResidentBytes most memory of the process, mapped files included; 0 where the system
   *     does not tell
   */
  record Cost(double seconds, long peakHeapBytes, long peakResidentBytes) {

    private static final double MEGABYTE = 1e6;

    /** Megabytes of rows a second, parsed, tokenized and written. */
    double megabytesPerSecond(long bytes) {
      return bytes / MEGABYTE / Math.max(seconds, 1e-9);
    }
  }
}
