package dev.unmask.sft.recipe;

import dev.unmask.model.training.LossWeight;
import dev.unmask.model.training.Method;
import dev.unmask.model.transformer.TransformerText.Compute;

/**
 * Everything a fine-tuning run is free to choose, with every default filled in ({@link
 * AskedHyperparameters} does that). docs/finetuning.md has the table with defaults, ranges and
 * sources.
 *
 * @param epochs passes over the training rows, 1 to 1000
 * @param batchRows rows of an optimizer step, all its batches together, 1 to 4096
 * @param learningRate peak, a finite number above 0
 * @param maxLength most tokens of a row, at least 8; the model's context is a bound of its own
 * @param lossWeight how much a masked slot counts
 * @param noiseDraws how masking times are drawn
 * @param schedule what the rate does after the rise
 * @param warmUpSteps updates of the linear rise, 0 to 100 000
 * @param weightDecay decoupled, 0 to 1
 * @param clipNorm gradients with a larger global norm are scaled down to it; above 0
 * @param gradientAccumulation batches whose gradients are added before an update, 1 to {@code
 *     batchRows}
 * @param emaDecay of the moving average of the weights, in [0, 1); 0 for none
 * @param recomputeActivations less memory for about a third more time
 * @param packing how rows share a batch
 * @param compute what products are computed in; masters and optimizer are float32
 * @param overlong what happens to longer rows
 * @param validationShare share of the dialogues held out, 0 to 0.5
 * @param evalSteps updates between evaluations, from 0; 0 for one before and one after only
 * @param checkpointSteps updates between states on disk, from 0; 0 for states by time only
 * @param randomLengthShare share of text batches cut to a random length, 0 to 1
 * @param maxSteps ends the run early, from 0; 0 for never
 * @param method which numbers learn
 */
public record Hyperparameters(
    int epochs,
    int batchRows,
    double learningRate,
    int maxLength,
    LossWeight lossWeight,
    NoiseDraws noiseDraws,
    LearningRate.Curve schedule,
    int warmUpSteps,
    double weightDecay,
    double clipNorm,
    int gradientAccumulation,
    double emaDecay,
    boolean recomputeActivations,
    Packing packing,
    Compute compute,
    Overlong overlong,
    double validationShare,
    int evalSteps,
    int checkpointSteps,
    double randomLengthShare,
    int maxSteps,
    Method method) {

  /** Tokens that a dialogue's frame alone needs. */
  static final int LEAST_LENGTH = 8;

  private static final int MOST_STEPS = 100_000_000;

  /** Refuses values outside their ranges with {@link InvalidHyperparameterException}. */
  public Hyperparameters {
    whole("n_epochs", epochs, 1, 1000);
    whole("batch_size", batchRows, 1, 4096);
    if (!(learningRate > 0 && learningRate < Double.POSITIVE_INFINITY)) {
      throw new InvalidHyperparameterException(
          "learning_rate",
          "learning_rate is " + learningRate + "; it must be above 0, usually 1e-6 to 1e-2.");
    }
    whole("max_length", maxLength, LEAST_LENGTH, 1 << 20);
    whole("warmup_steps", warmUpSteps, 0, 100_000);
    between("weight_decay", weightDecay, 0, 1);
    above("clip_norm", clipNorm, 1e6);
    whole("gradient_accumulation", gradientAccumulation, 1, 1024);
    if (gradientAccumulation > batchRows) {
      throw new InvalidHyperparameterException(
          "gradient_accumulation",
          "gradient_accumulation is "
              + gradientAccumulation
              + ", but a step has only batch_size = "
              + batchRows
              + " rows to divide; it must be 1 to "
              + batchRows
              + ".");
    }
    if (!(emaDecay >= 0 && emaDecay < 1)) {
      throw new InvalidHyperparameterException(
          "ema_decay",
          "ema_decay is "
              + emaDecay
              + "; it must be at least 0 (none) and below 1, such as 0.999.");
    }
    between("validation_share", validationShare, 0, 0.5);
    whole("eval_steps", evalSteps, 0, MOST_STEPS);
    whole("checkpoint_steps", checkpointSteps, 0, MOST_STEPS);
    between("random_length_share", randomLengthShare, 0, 1);
    whole("max_steps", maxSteps, 0, MOST_STEPS);
  }

  /** Most rows of one batch: a step's rows divided among its batches. */
  public int rowsOfABatch() {
    return (batchRows + gradientAccumulation - 1) / gradientAccumulation;
  }

  private static void whole(String field, int value, int least, int most) {
    if (value < least || value > most) {
      throw new InvalidHyperparameterException(
          field, field + " is " + value + "; it must be " + least + " to " + most + ".");
    }
  }

  private static void between(String field, double value, double least, double most) {
    if (!(value >= least && value <= most)) {
      throw new InvalidHyperparameterException(
          field, field + " is " + value + "; it must be " + least + " to " + most + ".");
    }
  }

  private static void above(String field, double value, double most) {
    if (!(value > 0 && value <= most)) {
      throw new InvalidHyperparameterException(
          field, field + " is " + value + "; it must be above 0 and at most " + most + ".");
    }
  }
}
