package dev.unmask.sft.dataset;

import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What was read.
 *
 * @param name the dataset's name as its owner knows it
 * @param uri what exactly was read: a file's id, or a topic with its offsets
 * @param format by its title; null when no row told one
 * @param used rows that gave samples
 * @param rejected rows that did not
 * @param shortened used rows of which an answer was cut or a turn left out
 * @param reasons rejected rows by reason
 * @param firstRejections as {@code file:line: sentence}
 * @param samples assistant turns, pairs of answers times two, or windows of text
 * @param tokens of all samples, prompts included
 * @param answerTokens of all samples, without padding
 * @param bytes of the rows, unpacked
 * @param questions first user messages of some rows, spread over the dataset, as probes
 * @param stoppedEarly whether reading ended because none of many rows could be used
 */
public record DatasetFacts(
    String name,
    String uri,
    @Nullable String format,
    long used,
    long rejected,
    long shortened,
    Map<String, Long> reasons,
    List<String> firstRejections,
    long samples,
    long tokens,
    long answerTokens,
    long bytes,
    List<String> questions,
    boolean stoppedEarly) {

  public DatasetFacts {
    reasons = Collections.unmodifiableMap(new TreeMap<>(reasons));
    firstRejections = List.copyOf(firstRejections);
    questions = List.copyOf(questions);
  }

  /** Share of the rows that are not used; 0 for an empty file. */
  public double rejectedShare() {
    return used + rejected == 0 ? 0 : rejected / (double) (used + rejected);
  }

  /**
   * Why nothing may be trained on these rows, as a sentence, or nothing.
   *
   * @param maxBadRows share of rows that may be rejected, 0 to 1
   */
  public Optional<String> refusal(double maxBadRows) {
    String first = firstRejections.isEmpty() ? "" : " The first: " + firstRejections.get(0);
    if (used + rejected == 0) {
      return Optional.of("The dataset " + name + " has no rows: it is empty.");
    }
    if (reasons.containsKey(DatasetRow.Reason.FILE_DAMAGED.name())) {
      return Optional.of(
          "The dataset "
              + name
              + " cannot be read to its end, and nobody knows what is missing. "
              + firstRejections.get(firstRejections.size() - 1));
    }
    if (used == 0) {
      return Optional.of(
          "The dataset "
              + name
              + " has no row to learn from: "
              + (stoppedEarly ? "reading stopped after " : "all of ")
              + rejected
              + " rows were rejected ("
              + counted()
              + ")."
              + first
              + " Known formats are "
              + DatasetFormat.known()
              + ".");
    }
    return rejectedShare() > maxBadRows
        ? Optional.of(
            String.format(
                Locale.ROOT,
                "%d of %d rows cannot be used (%s), more than the %.0f %% that max_bad_rows"
                    + " allows.%s",
                rejected,
                used + rejected,
                counted(),
                100 * maxBadRows,
                first))
        : Optional.empty();
  }

  private String counted() {
    return reasons.entrySet().stream()
        .sorted(
            Map.Entry.<String, Long>comparingByValue()
                .reversed()
                .thenComparing(Map.Entry.comparingByKey()))
        .map(e -> e.getKey() + " " + e.getValue())
        .collect(Collectors.joining(", "));
  }
}
