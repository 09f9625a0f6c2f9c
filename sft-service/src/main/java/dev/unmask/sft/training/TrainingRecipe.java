package dev.unmask.sft.training;

import dev.unmask.model.training.AdamW;
import dev.unmask.model.training.Method;
import dev.unmask.sft.recipe.BatchPlan;
import dev.unmask.sft.recipe.BatchStream;
import dev.unmask.sft.recipe.Hyperparameters;
import dev.unmask.sft.recipe.LearningRate;
import dev.unmask.sft.recipe.Noise;
import dev.unmask.sft.recipe.PairRows;
import dev.unmask.sft.recipe.RandomLengths;
import dev.unmask.sft.recipe.TokenisedRows;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What a run does. It must be the same each time the run is opened.
 *
 * @param data samples for each pass
 * @param seed fixes the order of the data
 * @param accumulation batches of an update; a pass may end with fewer
 * @param lengths which text batches are cut short
 * @param emaDecay above 0: the weights' moving average is what is judged and published
 * @param evaluation null for none
 * @param checkpointSteps updates between two states, or 0 for none by count
 * @param checkpointSeconds seconds between two states, or 0 for none by time
 */
public record TrainingRecipe(
    BatchStream.Data data,
    BatchPlan.Shape shape,
    Noise noise,
    LearningRate rate,
    AdamW.Settings optimizer,
    StopRule stop,
    long seed,
    int accumulation,
    RandomLengths lengths,
    double emaDecay,
    @Nullable EvaluationPlan evaluation,
    long checkpointSteps,
    double checkpointSeconds) {

  /** Padded tokens of a batch; longer rows share a batch with fewer others. */
  private static final int BATCH_TOKENS = 4096;

  /** Canvases are longer than answers, so the model must have seen long tails of EOS. */
  private static final double EOS_SHARE = 0.4;

  /** What is left of the learning rate at the end. */
  private static final double FINAL_FRACTION = 0.05;

  private static final double BETA1 = 0.9;
  private static final double BETA2 = 0.95;
  private static final double EPSILON = 1e-8;
  private static final double CHECKPOINT_SECONDS = 20;

  public TrainingRecipe {
    if (accumulation < 1) {
      throw new IllegalArgumentException(
          "a step needs at least one batch, not " + accumulation + " of them");
    }
  }

  /**
   * Fine-tuning with the given choices.
   *
   * @param data for preferences pairs of answers, as {@link PairRows} has them, in every pass alike
   * @param heldOut what the model is judged on; may be empty. Of pairs the bound of the better
   *     answers is told and how they are ranked, and the last step is the run's result: preferences
   *     are not learned to lower the bound.
   */
  public static TrainingRecipe of(
      Hyperparameters chosen, BatchStream.Data data, TokenisedRows heldOut, long seed) {
    StopRule passes = new StopRule.Epochs(chosen.epochs());
    boolean pairs = chosen.method() instanceof Method.Preference;
    BatchStream.Data trained = pairs ? new PairRows(data.samples(0)) : data;
    return new TrainingRecipe(
        trained,
        shape(chosen),
        new Noise(seed, chosen.noiseDraws(), chosen.lossWeight()),
        new LearningRate(
            chosen.learningRate(),
            chosen.warmUpSteps(),
            chosen.schedule(),
            FINAL_FRACTION,
            LearningRate.LAST_TENTH),
        new AdamW.Settings(BETA1, BETA2, EPSILON, chosen.weightDecay(), chosen.clipNorm(), false),
        chosen.maxSteps() > 0
            ? new StopRule.First(passes, new StopRule.Steps(chosen.maxSteps()))
            : passes,
        seed,
        chosen.gradientAccumulation(),
        new RandomLengths(chosen.randomLengthShare(), seed),
        chosen.emaDecay(),
        heldOut.size() == 0 ? null : evaluation(chosen, trained.samples(0), heldOut, seed),
        chosen.checkpointSteps(),
        chosen.checkpointSteps() > 0 ? 0 : CHECKPOINT_SECONDS);
  }

  private static EvaluationPlan evaluation(
      Hyperparameters chosen, TokenisedRows trained, TokenisedRows heldOut, long seed) {
    int rows = chosen.batchRows();
    long steps = (trained.size() + rows - 1L) / rows * chosen.epochs();
    if (chosen.maxSteps() > 0) {
      steps = Math.min(steps, chosen.maxSteps());
    }
    double length =
        IntStream.range(0, trained.size()).mapToLong(trained::length).average().orElse(0);
    // A pair is computed several times, a sample once and with its padding: this is the least.
    double learned = steps * (double) Math.min(rows, trained.size());
    double tokens = learned * length;
    boolean pairs = chosen.method() instanceof Method.Preference;
    EvaluationPlan plan =
        EvaluationPlan.of(
            pairs ? PairRows.chosen(heldOut) : heldOut,
            chosen.evalSteps(),
            !pairs,
            seed,
            steps,
            tokens);
    return pairs ? plan.ranking(new PairRows(heldOut), steps, learned) : plan;
  }

  /** How batches of fine-tuning are filled. */
  public static BatchPlan.Shape shape(Hyperparameters chosen) {
    return new BatchPlan.Shape(
        BATCH_TOKENS, chosen.rowsOfABatch(), chosen.maxLength(), EOS_SHARE, chosen.packing());
  }
}
