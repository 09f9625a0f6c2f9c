package dev.unmask.sft.training;

import dev.unmask.model.training.AdamW;
import dev.unmask.model.training.LossWeight;
import dev.unmask.model.training.Method;
import dev.unmask.model.transformer.TransformerText.Compute;
import dev.unmask.sft.recipe.BatchPlan;
import dev.unmask.sft.recipe.LearningRate;
import dev.unmask.sft.recipe.Noise;
import dev.unmask.sft.recipe.NoiseDraws;
import dev.unmask.sft.recipe.RandomLengths;
import dev.unmask.sft.recipe.TokenisedRows;
import dev.unmask.sft.recipe.TrainingSample;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * A run in a process of its own that says each step with all its bits, and waits to be killed where
 * it is told to.
 */
final class TrainingProcess {

  /** Batches of a pass; two make a step. */
  static final int STEPS_OF_A_PASS = 3;

  static final int PASSES = 4;

  static final int STEPS = PASSES * STEPS_OF_A_PASS;

  /** What is said before the process waits. */
  static final String WAITING = "waiting";

  private TrainingProcess() {}

  /**
   * Trains.
   *
   * @param args the run's folder, the model's folder, steps between states, and the step to wait
   *     after, or "writing" to wait as soon as a state is half on the disk, or "never"; and how
   *     often the data is passed
   */
  public static void main(String[] args) throws Exception {
    Path folder = Path.of(args[0]);
    boolean writing = args[3].equals("writing");
    if (writing) {
      announceAWrite(folder.resolve(TrainingRun.STATE_FILE + ".tmp"));
    }
    long wait = writing || args[3].equals("never") ? -1 : Long.parseLong(args[3]);
    train(
        folder,
        Path.of(args[1]),
        Integer.parseInt(args[2]),
        Integer.parseInt(args[4]),
        line -> {
          System.out.println(line);
          if (line.startsWith(wait + " ")) {
            System.out.println(WAITING);
            pause();
          }
        });
  }

  /** Trains to the end and tells each step as its number, loss and gradient. */
  static void train(Path folder, Path base, int checkpointSteps, int passes, Consumer<String> steps)
      throws Exception {
    ModelSource source = ModelSource.folder(base, Compute.FLOAT32, new Method.Full(), 3);
    try (TrainingRun run = TrainingRun.open(folder, recipe(checkpointSteps, passes), source)) {
      run.run(
          new TrainingListener() {
            @Override
            public void onStep(StepReport report) {
              steps.accept(
                  report.step()
                      + " "
                      + Double.toHexString(report.loss())
                      + " "
                      + Double.toHexString(report.gradientNorm()));
            }
          });
    }
  }

  private static TrainingRecipe recipe(int checkpointSteps, int passes) {
    List<TrainingSample> samples = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      samples.add(new TrainingSample(new int[] {5, i, 6, i + 40, i + 80, i + 40, 9}, 3, true));
    }
    TokenisedRows rows = TokenisedRows.of(samples);
    return new TrainingRecipe(
        epoch -> rows,
        new BatchPlan.Shape(64, 4, 12, 0.2),
        new Noise(2, NoiseDraws.STRATIFIED, LossWeight.INVERSE_T),
        new LearningRate(3e-3, 3, LearningRate.Curve.COSINE, 0.1, 0.1),
        AdamW.Settings.DEFAULT,
        new StopRule.Epochs(passes),
        2,
        2,
        new RandomLengths(0, 2),
        0.9,
        EvaluationPlan.of(rows.at(new int[] {1, 8}), 4, true, 3, 12, 1e4),
        checkpointSteps,
        0);
  }

  private static void announceAWrite(Path temporary) {
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          while (!Files.exists(temporary)) {
            Thread.onSpinWait();
          }
          System.out.println(WAITING);
        });
  }

  private static void pause() {
    try {
      Thread.sleep(Long.MAX_VALUE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
