package dev.unmask.sft.evaluation;

import dev.unmask.model.training.MaskedBatch;
import dev.unmask.model.training.SlotScores;
import dev.unmask.sft.recipe.TokenisedRows;
import dev.unmask.sft.recipe.TrainingSample;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;

/**
 * Scores answers under noise. Rows are never padded: a batch holds copies of answers whose prompt
 * and answer together have one length. On the thread of the model.
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
    int from = 0;
    while (from < byLength.length) {
      int length = rows.length(byLength[from]);
      int to = from;
      long tokens = 0;
      while (to < byLength.length
          && rows.length(byLength[to]) == length
          && (to == from || tokens < PASS_TOKENS)) {
        tokens += (long) length * masks.copies();
        to++;
      }
      scoreSome(rows, byLength, from, to);
      progress.accept(to);
      from = to;
    }
  }

  /** Answers of one length. */
  private void scoreSome(TokenisedRows rows, int[] positions, int from, int to) {
    List<Copy> copies = new ArrayList<>();
    List<double[]> values = new ArrayList<>();
    for (int i = from; i < to; i++) {
      TrainingSample sample = rows.sample(positions[i]);
      List<List<int[]>> groups = masks.of(positions[i], sample.answerLength());
      double[] sums = new double[groups.size()];
      values.add(sums);
      for (int g = 0; g < groups.size(); g++) {
        for (int[] slots : groups.get(g)) {
          copies.add(new Copy(sample, slots, sums, g, groups.get(g).size()));
        }
      }
    }
    int length = rows.length(positions[from]);
    int atOnce = Math.max(1, PASS_TOKENS / length);
    for (int i = 0; i < copies.size(); i += atOnce) {
      pass(copies.subList(i, Math.min(copies.size(), i + atOnce)), length);
    }
    for (int i = from; i < to; i++) {
      tally.answer(rows.row(positions[i]), rows.answerLength(positions[i]), values.get(i - from));
    }
  }

  private void pass(List<Copy> copies, int length) {
    long[] ids = new long[copies.size() * length];
    int count = copies.stream().mapToInt(copy -> copy.slots().length).sum();
    long[] slots = new long[count];
    long[] targets = new long[count];
    int n = 0;
    for (int row = 0; row < copies.size(); row++) {
      TrainingSample sample = copies.get(row).sample();
      for (int i = 0; i < length; i++) {
        ids[row * length + i] = sample.ids()[i];
      }
      for (int slot : copies.get(row).slots()) {
        int place = row * length + sample.promptLength() + slot;
        slots[n] = place;
        targets[n++] = ids[place];
        ids[place] = maskId;
      }
    }
    SlotScores scores =
        scorer.scores(
            new MaskedBatch(copies.size(), length, ids, slots, targets, new float[count]));
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
