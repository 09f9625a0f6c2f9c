package dev.unmask.sft.job;

import dev.unmask.sft.dataset.DatasetRow;
import dev.unmask.sft.dataset.DatasetRow.Dialogue;
import dev.unmask.sft.dataset.DatasetRow.Reason;
import dev.unmask.sft.dataset.DatasetRow.Rejected;
import dev.unmask.sft.dataset.DialogueReader;
import dev.unmask.sft.dataset.DialogueSamples;
import dev.unmask.sft.recipe.TrainingSample;
import dev.unmask.text.ChatMessage;
import dev.unmask.text.LladaTokenizer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * The rows of a job in tokens.
 *
 * @param samples one for each assistant turn
 * @param questions first user messages of some rows, spread over the file, as probes
 */
public record Dataset(List<TrainingSample> samples, List<String> questions, Facts facts) {

  private static final int QUESTIONS = 4;
  private static final int FIRST_REJECTIONS = 5;

  /**
   * What was read.
   *
   * @param firstRejections as {@code file:line: reason}
   * @param samples assistant turns
   */
  public record Facts(long used, long rejected, List<String> firstRejections, long samples) {

    /** Share of the rows that are not used; 0 for an empty file. */
    public double rejectedShare() {
      return used + rejected == 0 ? 0 : rejected / (double) (used + rejected);
    }
  }

  /**
   * Reads all rows.
   *
   * @param maxLength rows with a longer turn are rejected as a whole
   * @param rejections gets every row that is not used
   */
  public static Dataset read(
      DialogueReader reader, LladaTokenizer tokenizer, int maxLength, Consumer<Rejected> rejections)
      throws IOException {
    List<TrainingSample> samples = new ArrayList<>();
    List<String> questions = new ArrayList<>();
    List<String> first = new ArrayList<>();
    long used = 0;
    long rejected = 0;
    for (DatasetRow row = reader.next(); row != null; row = reader.next()) {
      DatasetRow judged = row;
      if (row instanceof Dialogue dialogue) {
        List<TrainingSample> turns = DialogueSamples.of(dialogue, tokenizer);
        int longest = turns.stream().mapToInt(TrainingSample::length).max().orElse(0);
        if (longest <= maxLength) {
          used++;
          samples.addAll(turns);
          questions.add(firstQuestion(dialogue));
          continue;
        }
        judged = tooLong(dialogue, longest, maxLength);
      }
      if (judged instanceof Rejected bad) {
        rejected++;
        rejections.accept(bad);
        if (first.size() < FIRST_REJECTIONS) {
          first.add(bad.file() + ":" + bad.line() + ": " + bad.sentence());
        }
      }
    }
    return new Dataset(
        List.copyOf(samples),
        spread(questions),
        new Facts(used, rejected, List.copyOf(first), samples.size()));
  }

  private static String firstQuestion(Dialogue dialogue) {
    return dialogue.messages().stream()
        .filter(m -> m.role().equals("user"))
        .map(ChatMessage::content)
        .findFirst()
        .orElse("");
  }

  private static List<String> spread(List<String> all) {
    List<String> distinct = all.stream().distinct().toList();
    List<String> some = new ArrayList<>();
    int count = Math.min(QUESTIONS, distinct.size());
    for (int i = 0; i < count; i++) {
      some.add(distinct.get(i * distinct.size() / count));
    }
    return List.copyOf(some);
  }

  private static Rejected tooLong(Dialogue dialogue, int longest, int maxLength) {
    return new Rejected(
        dialogue.file(),
        dialogue.line(),
        "/messages",
        Reason.TOO_MANY_TOKENS,
        "The row has " + longest + " tokens; at most " + maxLength + " are allowed.",
        dialogue.place().excerpt());
  }
}
