package dev.unmask.sft.evaluation;

import dev.unmask.model.training.MaskedBatch;
import dev.unmask.model.training.SlotScores;
import dev.unmask.sft.recipe.TokenisedRows;
import dev.unmask.sft.recipe.TrainingSample;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;

/**
 * Scores answers under noise. Rows are never padded: copies of answers stand one after the other,
 * those of one length together, until a pass is full. On the thread of the model.
 */
public final class HeldOutLoss {

  /** Tokens of a forward pass; a single longer row is a pass of its own. */
  private static final int PASS_TOKENS = 4096;

  /** Says what a model thinks of masked slots. */
  @FunctionalInterface
  public interface Scorer {
    SlotScores scores(MaskedBatch batch);
  }

  /** One noisy copy, and where its value goes. */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  private record Copy(TrainingSample sample, int[] slots, double[] groups, int group, int each) {}

  /** An answer, its masks by group, and what its groups gave so far. */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  private record Answer(int position, List<List<int[]>> masks, double[] values) {
    Answer(int position, List<List<int[]>> masks) {
      this(position, masks, new double[masks.size()]);
    }
  }

  private final Scorer scorer;
  private final AnswerMasks masks;
  private final int maskId;
  private final LossTally tally = new LossTally();

  private HeldOutLoss(Scorer scorer, AnswerMasks masks, int maskId) {
    this.scorer = scorer;
    this.masks = masks;
    this.maskId = maskId;
  }

  /**
   * The loss of all rows.
   *
   * @param rows at least one
   * @param progress told the number of answers scored so far
   */
  public static DiffusionLoss of(
      Scorer scorer, TokenisedRows rows, AnswerMasks masks, int maskId, LongConsumer progress) {
    if (rows.size() == 0) {
      throw new IllegalArgumentException("there is no answer to score");
    }
    HeldOutLoss loss = new HeldOutLoss(scorer, masks, maskId);
    loss.score(rows, progress);
    return loss.tally.result();
  }

  private void score(TokenisedRows rows, LongConsumer progress) {
    int[] byLength =
        IntStream.range(0, rows.size())
            .boxed()
            .sorted(Comparator.comparingInt(rows::length))
            .mapToInt(Integer::intValue)
            .toArray();
    List<Copy> pass = new ArrayList<>();
    List<Answer> open = new ArrayList<>();
    long tokens = 0;
    for (int i = 0; i < byLength.length; i++) {
      Answer answer =
          new Answer(byLength[i], masks.of(byLength[i], rows.answerLength(byLength[i])));
      TrainingSample sample = rows.sample(answer.position());
      open.add(answer);
      for (int g = 0; g < answer.masks().size(); g++) {
        for (int[] slots : answer.masks().get(g)) {
          if (!pass.isEmpty() && tokens + sample.length() > PASS_TOKENS) {
            score(pass);
            pass.clear();
            tokens = 0;
          }
          pass.add(new Copy(sample, slots, answer.values(), g, answer.masks().get(g).size()));
          tokens += sample.length();
        }
      }
      if (i + 1 == byLength.length || tokens + rows.length(byLength[i + 1]) > PASS_TOKENS) {
        score(pass);
        pass.clear();
        tokens = 0;
        open.forEach(done -> tell(rows, done));
        open.clear();
        progress.accept(i + 1);
      }
    }
  }

  private void tell(TokenisedRows rows, Answer answer) {
    int i = answer.position();
    tally.answer(rows.row(i), rows.answerLength(i), answer.values());
  }

  private void score(List<Copy> copies) {
    int[] lengths = copies.stream().mapToInt(copy -> copy.sample().length()).toArray();
    long[] ids =
        copies.stream()
            .flatMapToLong(copy -> Arrays.stream(copy.sample().ids()).asLongStream())
            .toArray();
    int count = copies.stream().mapToInt(copy -> copy.slots().length).sum();
    long[] slots = new long[count];
    long[] targets = new long[count];
    int n = 0;
    int begin = 0;
    for (Copy copy : copies) {
      for (int slot : copy.slots()) {
        int place = begin + copy.sample().promptLength() + slot;
        slots[n] = place;
        targets[n++] = ids[place];
        ids[place] = maskId;
      }
      begin += copy.sample().length();
    }
    SlotScores scores =
        scorer.scores(new MaskedBatch(lengths, ids, slots, targets, new float[count]));
    n = 0;
    for (Copy copy : copies) {
      int answer = copy.sample().answerLength();
      double sum = 0;
      for (int i = 0; i < copy.slots().length; i++, n++) {
        sum += scores.crossEntropy()[n];
        tally.slot(copy.slots().length, answer, scores.crossEntropy()[n], scores.right()[n]);
      }
      copy.groups()[copy.group()] += sum * answer / copy.slots().length / copy.each();
    }
  }
}
