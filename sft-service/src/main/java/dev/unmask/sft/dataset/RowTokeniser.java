package dev.unmask.sft.dataset;

import dev.unmask.sft.dataset.DatasetRow.Dialogue;
import dev.unmask.sft.dataset.DatasetRow.Preference;
import dev.unmask.sft.dataset.DatasetRow.Reason;
import dev.unmask.sft.dataset.DatasetRow.Rejected;
import dev.unmask.sft.dataset.DatasetRow.Text;
import dev.unmask.sft.dataset.DatasetRow.Usable;
import dev.unmask.sft.recipe.Overlong;
import dev.unmask.sft.recipe.TrainingSample;
import dev.unmask.text.LladaTokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Rows in tokens, none longer than allowed. Any thread. */
final class RowTokeniser {

  /** What a row gave. */
  sealed interface Result {

    /**
     * Samples of a dialogue; of a preference the better answer, then the worse.
     *
     * @param shortened whether an answer was cut or a turn left out
     */
    record Samples(Usable row, List<TrainingSample> samples, boolean shortened) implements Result {}

    /** Tokens of a text, to be cut into windows together with its neighbours. */
    @SuppressWarnings("ArrayRecordComponent") // Never compared.
    record Run(Usable row, int[] ids) implements Result {}

    /** Nothing. */
    record Bad(Rejected row) implements Result {}
  }

  private final LladaTokenizer tokenizer;
  private final int maxLength;
  private final Overlong overlong;

  RowTokeniser(LladaTokenizer tokenizer, ReadOptions options) {
    this.tokenizer = tokenizer;
    this.maxLength = options.maxLength();
    this.overlong = options.overlong();
  }

  /** The row in tokens, or why it cannot be used. */
  Result of(DatasetRow row) {
    try {
      return switch (row) {
        case Rejected bad -> new Result.Bad(bad);
        case Usable usable when !(row instanceof Text) && !tokenizer.hasChatTemplate() ->
            new Result.Bad(
                usable
                    .place()
                    .rejected(
                        "",
                        Reason.TEMPLATE_REFUSES,
                        "The model has no chat template (a base model), so dialogues cannot be told"
                            + " to it; texts can."));
        case Dialogue dialogue -> dialogue(dialogue);
        case Preference preference -> preference(preference);
        case Text text -> new Result.Run(text, text(text));
      };
    } catch (IllegalArgumentException e) {
      return new Result.Bad(
          ((Usable) row)
              .place()
              .rejected(
                  "",
                  Reason.TEMPLATE_REFUSES,
                  "The model's chat template cannot write the row: " + e.getMessage()));
    }
  }

  private Result dialogue(Dialogue dialogue) {
    List<TrainingSample> samples = new ArrayList<>();
    boolean shortened = false;
    int longest = 0;
    for (int turn : dialogue.trained()) {
      int[] prompt = tokenizer.encodeChat(dialogue.messages().subList(0, turn));
      TrainingSample whole =
          DialogueSamples.of(prompt, dialogue.messages().get(turn).content(), tokenizer);
      longest = Math.max(longest, whole.length());
      if (whole.length() <= maxLength) {
        samples.add(whole);
        continue;
      }
      shortened = true;
      if (overlong == Overlong.TRUNCATE && prompt.length < maxLength) {
        samples.add(cut(whole));
      }
      // Prompts only grow, so later turns fit even less.
      if (overlong == Overlong.REJECT || prompt.length >= maxLength) {
        break;
      }
    }
    return samples.isEmpty() || (shortened && overlong == Overlong.REJECT)
        ? tooLong(dialogue, longest)
        : new Result.Samples(dialogue, samples, shortened);
  }

  private Result preference(Preference row) {
    int[] prompt = tokenizer.encodeChat(row.prompt());
    List<TrainingSample> pair = new ArrayList<>();
    int longest = 0;
    for (String answer : List.of(row.chosen(), row.rejected())) {
      TrainingSample sample = DialogueSamples.of(prompt, answer, tokenizer);
      longest = Math.max(longest, sample.length());
      pair.add(sample.length() > maxLength && prompt.length < maxLength ? cut(sample) : sample);
    }
    boolean fits = longest <= maxLength;
    return fits || (overlong == Overlong.TRUNCATE && prompt.length < maxLength)
        ? new Result.Samples(row, pair, !fits)
        : tooLong(row, longest);
  }

  private int[] text(Text row) {
    int[] ids = tokenizer.encode(row.text());
    if (row.ends()) {
      ids = Arrays.copyOf(ids, ids.length + 1);
      ids[ids.length - 1] = tokenizer.special().eos();
    }
    return ids;
  }

  private TrainingSample cut(TrainingSample whole) {
    return new TrainingSample(Arrays.copyOf(whole.ids(), maxLength), whole.promptLength(), false);
  }

  private Result tooLong(Usable row, int longest) {
    return new Result.Bad(
        row.place()
            .rejected(
                row instanceof Dialogue ? "/messages" : "",
                Reason.TOO_MANY_TOKENS,
                "The row has "
                    + longest
                    + " tokens up to its first answer that does not fit; at most "
                    + maxLength
                    + " are allowed."));
  }
}
