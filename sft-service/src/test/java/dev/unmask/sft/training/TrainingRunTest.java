package dev.unmask.sft.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.Layout;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.training.AdamW;
import dev.unmask.model.training.LossWeight;
import dev.unmask.model.transformer.TransformerText.Compute;
import dev.unmask.sft.recipe.BatchPlan;
import dev.unmask.sft.recipe.LearningRate;
import dev.unmask.sft.recipe.Noise;
import dev.unmask.sft.recipe.NoiseDraws;
import dev.unmask.sft.recipe.RandomLengths;
import dev.unmask.sft.recipe.TokenisedRows;
import dev.unmask.sft.recipe.TrainingSample;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The loop on a tiny network: it learns, it goes on exactly, and it never keeps a bad step. */
class TrainingRunTest {

  private static final ModelConfig CONFIG =
      ModelConfig.shape()
          .width(32)
          .layers(2)
          .heads(2)
          .mlpWidth(48)
          .vocabularySize(40)
          .contextLength(64)
          .tokens(39, 38, 37)
          .build();

  @TempDir Path folder;

  @Test
  void aRunThatWasCutOffGivesTheSameLossesBitForBit() throws Exception {
    // Passes of a few batches, so that the cut falls at, before and after the end of a pass.
    List<Double> expected = losses(folder.resolve("whole"), new StopRule.Epochs(4), Long.MAX_VALUE);
    assertThat(expected.size()).isGreaterThan(12);

    for (long cut : new long[] {1, 4, 5}) {
      Path place = folder.resolve("cut" + cut);
      List<Double> first = losses(place, new StopRule.Epochs(4), cut);
      assertThat(first).hasSize((int) cut);
      List<Double> second = losses(place, new StopRule.Epochs(4), Long.MAX_VALUE);

      // The last state is that of an even step: steps after it are done again.
      int saved = (int) (cut / 2 * 2);
      assertThat(first).isEqualTo(expected.subList(0, (int) cut));
      assertThat(second).isEqualTo(expected.subList(saved, expected.size()));
    }
  }

  @Test
  void itLearns() throws Exception {
    List<Double> losses = losses(folder.resolve("learn"), new StopRule.Steps(150), Long.MAX_VALUE);

    // A new network knows nothing: about ln 40 = 3.7 nats.
    assertThat(losses.get(0)).isBetween(3.0, 4.5);
    assertThat(mean(losses.subList(140, 150))).isLessThan(1.5);
  }

  @Test
  void aCompleteRunIsNotTrainedAgain() throws Exception {
    Path place = folder.resolve("done");
    assertThat(losses(place, new StopRule.Epochs(1), Long.MAX_VALUE)).isNotEmpty();
    assertThat(losses(place, new StopRule.Epochs(1), Long.MAX_VALUE)).isEmpty();
  }

  @Test
  void aLossThatIsNotFiniteEndsTheRunAndKeepsTheLastState() throws Exception {
    Path place = folder.resolve("nan");
    assertThat(losses(place, new StopRule.Steps(4), Long.MAX_VALUE)).hasSize(4);
    TrainingRecipe recipe = recipe(new StopRule.Steps(50), 1e30);
    try (TrainingRun run = open(place, recipe)) {
      assertThatThrownBy(() -> run.run(new TrainingListener() {}))
          .isInstanceOf(TrainingDivergedException.class)
          .hasMessageContaining("Training stopped at step")
          .hasMessageContaining("learning rate");
    }
    try (TrainingRun again = open(place, recipe)) {
      assertThat(again.position().step()).isEqualTo(4);
      assertThat(again.model().isFinite()).isTrue();
    }
  }

  @Test
  void aStateOfAnotherSizeIsRefused() throws Exception {
    Path place = folder.resolve("other");
    assertThat(losses(place, new StopRule.Steps(2), Long.MAX_VALUE)).hasSize(2);
    ModelConfig wider =
        ModelConfig.shape()
            .width(64)
            .layers(2)
            .heads(2)
            .mlpWidth(48)
            .vocabularySize(40)
            .contextLength(64)
            .tokens(39, 38, 37)
            .build();
    assertThatThrownBy(() ->
            TrainingRun.open(
                place,
                recipe(new StopRule.Steps(4), 1e-3),
                ModelSource.random(wider, Compute.FLOAT32, 1)))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("another size");
    assertThat(place).isDirectoryContaining(file -> file.endsWith(TrainingRun.STATE_FILE));
  }

  @Test
  void anAutoregressiveModelIsRefused() {
    ModelConfig twin =
        ModelConfig.shape(Layout.AUTOREGRESSIVE)
            .width(32)
            .layers(1)
            .heads(2)
            .vocabularySize(40)
            .contextLength(64)
            .tokens(39, 38, 37)
            .build();
    assertThatThrownBy(() ->
            TrainingRun.open(
                folder,
                recipe(new StopRule.Steps(4), 1e-3),
                ModelSource.random(twin, Compute.FLOAT32, 1)))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("an autoregressive model cannot be trained here");
  }

  /** Stands for the death of the process: nothing after it runs. */
  private static final class Killed extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  private static List<Double> losses(Path place, StopRule stop, long killAfter) throws Exception {
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

  private static TrainingRun open(Path place, TrainingRecipe recipe) throws Exception {
    return TrainingRun.open(place, recipe, ModelSource.random(CONFIG, Compute.FLOAT32, 11));
  }

  /** A state every second step; runs of many steps do without, because each is forced to disk. */
  private static TrainingRecipe recipe(StopRule stop, double rate) {
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
        null,
        checkpointSteps,
        0);
  }

  private static double mean(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
  }
}
