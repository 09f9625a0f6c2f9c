package dev.unmask.sft.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.training.AdamW;
import dev.unmask.model.training.LossWeight;
import dev.unmask.model.transformer.TransformerText.Compute;
import dev.unmask.sft.evaluation.Evaluation;
import dev.unmask.sft.recipe.BatchPlan;
import dev.unmask.sft.recipe.LearningRate;
import dev.unmask.sft.recipe.Noise;
import dev.unmask.sft.recipe.NoiseDraws;
import dev.unmask.sft.recipe.Packing;
import dev.unmask.sft.recipe.RandomLengths;
import dev.unmask.sft.recipe.TokenisedRows;
import dev.unmask.sft.recipe.TrainingSample;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Runs of a tiny network on 24 rows, and what they tell. */
final class TinyRuns {

  static final ModelConfig CONFIG =
      ModelConfig.shape()
          .width(32)
          .layers(2)
          .heads(2)
          .mlpWidth(48)
          .vocabularySize(40)
          .contextLength(64)
          .tokens(39, 38, 37)
          .build();

  private TinyRuns() {}

  /** A state every second step; runs of many steps do without, because each is forced to disk. */
  static TrainingRecipe recipe(StopRule stop, double rate) {
    long checkpointSteps = stop instanceof StopRule.Steps(long count) && count > 100 ? 0 : 2;
    List<TrainingSample> samples = new ArrayList<>();
    for (int i = 0; i < 24; i++) {
      int a = i % 6;
      samples.add(new TrainingSample(new int[] {36, a, 35, a + 10, a + 20, a + 10, 37}, 3, true));
    }
    return new TrainingRecipe(
        epoch -> TokenisedRows.of(samples),
        new BatchPlan.Shape(64, 8, 16, 0.2),
        new Noise(2, NoiseDraws.STRATIFIED, LossWeight.UNIFORM),
        new LearningRate(rate, 3, LearningRate.Curve.LINEAR, 0.1, 0.1),
        AdamW.Settings.DEFAULT,
        stop,
        2,
        1,
        new RandomLengths(0, 2),
        0,
        null,
        checkpointSteps,
        0);
  }

  static TrainingRecipe withoutStates(TrainingRecipe r) {
    return with(r, r.noise(), 1, 0, null, 0);
  }

  static TrainingRecipe judged(TrainingRecipe r, EvaluationPlan plan) {
    return with(r, r.noise(), 1, 0, plan, 0);
  }

  static TrainingRecipe averaged(TrainingRecipe r, double decay) {
    return with(r, r.noise(), 1, decay, null, 0);
  }

  static TrainingRecipe unjudged(TrainingRecipe r) {
    return with(r, r.noise(), r.accumulation(), r.emaDecay(), null, 0);
  }

  /**
   * Two packed batches a step, a moving average, an evaluation every third step, a state each step.
   */
  static TrainingRecipe accumulating(TrainingRecipe r) {
    EvaluationPlan plan =
        EvaluationPlan.of(r.data().samples(0).at(new int[] {0, 5, 9}), 3, true, 3, 12, 1e4);
    Noise noise = new Noise(2, NoiseDraws.ANTITHETIC, LossWeight.INVERSE_T);
    return packed(with(r, noise, 2, 0.95, plan, 1));
  }

  private static TrainingRecipe packed(TrainingRecipe r) {
    return new TrainingRecipe(
        r.data(),
        new BatchPlan.Shape(64, 8, 16, 0.2, Packing.PACKED),
        r.noise(),
        r.rate(),
        r.optimizer(),
        r.stop(),
        r.seed(),
        r.accumulation(),
        r.lengths(),
        r.emaDecay(),
        r.evaluation(),
        r.checkpointSteps(),
        r.checkpointSeconds());
  }

  /** A copy, so that each change above names only what it changes. */
  private static TrainingRecipe with(
      TrainingRecipe r,
      Noise noise,
      int accumulation,
      double emaDecay,
      @Nullable EvaluationPlan plan,
      long checkpointSteps) {
    return new TrainingRecipe(
        r.data(),
        r.shape(),
        noise,
        r.rate(),
        r.optimizer(),
        r.stop(),
        r.seed(),
        accumulation,
        r.lengths(),
        emaDecay,
        plan,
        checkpointSteps,
        0);
  }

  static TrainingRun open(Path place, TrainingRecipe recipe) throws Exception {
    return TrainingRun.open(place, recipe, ModelSource.random(CONFIG, Compute.FLOAT32, 11));
  }

  /** The losses; the run dies after so many, or where that is even, once their state is written. */
  static List<Double> losses(Path place, StopRule stop, long killAfter) throws Exception {
    List<Double> losses = new ArrayList<>();
    try (TrainingRun run = open(place, recipe(stop, 3e-3))) {
      run.run(
          new TrainingListener() {
            private boolean dying;

            @Override
            public void onStep(StepReport report) {
              losses.add(report.loss());
              dying = losses.size() >= killAfter;
              if (dying && killAfter % 2 != 0) {
                throw new Killed();
              }
            }

            @Override
            public void onCheckpoint(TrainingPosition position) {
              if (dying) {
                throw new Killed();
              }
            }
          });
    } catch (Killed e) {
      assertThat(losses).hasSize((int) killAfter);
    }
    return losses;
  }

  /** Every loss and evaluation as text with all bits. */
  static List<String> story(Path place, TrainingRecipe recipe, ModelSource source, long killAfter)
      throws Exception {
    List<String> story = new ArrayList<>();
    try (TrainingRun run = TrainingRun.open(place, recipe, source)) {
      run.run(
          new TrainingListener() {
            @Override
            public void onStep(StepReport report) {
              story.add(report.step() + " " + report.loss() + " " + report.gradientNorm());
              if (report.step() == killAfter) {
                throw new Killed();
              }
            }

            @Override
            public void onEvaluation(Evaluation evaluation) {
              story.add(
                  evaluation.step()
                      + ": "
                      + evaluation.loss()
                      + evaluation.best()
                      + evaluation.ranking());
            }
          });
    } catch (Killed e) {
      assertThat(killAfter).isLessThan(Long.MAX_VALUE);
    }
    return story;
  }

  /** Stands for the death of the process: nothing after it runs. */
  private static final class Killed extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }
}
