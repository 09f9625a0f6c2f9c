package dev.unmask.sft.recipe;

import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.training.LossWeight;
import dev.unmask.model.training.Method;
import dev.unmask.model.transformer.TransformerText.Compute;
import org.jspecify.annotations.Nullable;

/**
 * What a person asked for, and the one place of all defaults. A setter that is not called, or is
 * given null, leaves the default. Not thread-safe while it is filled; {@link #resolve} changes
 * nothing.
 */
public final class AskedHyperparameters {

  /** Rows of a step; small datasets are learned in many small updates. */
  private static final int BATCH_ROWS = 16;

  /** Measured with {@link #RATE_SIZE} parameters or fewer: half of it taught markedly less. */
  private static final double LEARNING_RATE = 2e-3;

  private static final double RATE_SIZE = 1e7;

  /** How the rate falls above that size, so that LLaDA-8B gets its own 2.5e-5. */
  private static final double RATE_FALL = 0.65;

  /**
   * What adapters learn with, as a multiple of the rate for all weights. Measured on unmask-mini
   * with 60 steps on real dialogues: 3 and 10 times did equally well, the same rate markedly less.
   */
  private static final double ADAPTER_RATE = 5;

  /** The same for virtual tokens, which are few and begin as the embeddings of others. */
  private static final double PROMPT_RATE = 15;

  /** Preference tuning moves a model that is good already; LLaDA 1.5 takes a fiftieth. */
  private static final double PREFERENCE_RATE = 0.01;

  /**
   * Small datasets need this many updates to be learned, large ones are not seen more often.
   * Measured on unmask-mini with 92 samples: 162 updates left answers garbled, 270 taught all
   * asked.
   */
  private static final int TARGET_STEPS = 270;

  private static final int MOST_EPOCHS = 60;
  private static final int FEWEST_EPOCHS = 3;
  private static final int WARM_UP = 10;
  private static final double WEIGHT_DECAY = 0.01;
  private static final double CLIP_NORM = 1;

  /** With fewer dialogues each one is worth more in training than as a measurement. */
  private static final int HOLD_OUT_FROM = 500;

  private static final double VALIDATION_SHARE = 0.02;

  /** Evaluations of a run, besides the first. */
  private static final int EVALUATIONS = 5;

  private @Nullable Integer epochs;
  private @Nullable Integer batchRows;
  private @Nullable Double learningRate;
  private @Nullable Integer maxLength;
  private @Nullable LossWeight lossWeight;
  private @Nullable NoiseDraws noiseDraws;
  private LearningRate.@Nullable Curve schedule;
  private @Nullable Integer warmUpSteps;
  private @Nullable Double weightDecay;
  private @Nullable Double clipNorm;
  private @Nullable Integer gradientAccumulation;
  private @Nullable Double emaDecay;
  private @Nullable Boolean recomputeActivations;
  private @Nullable Packing packing;
  private @Nullable Compute compute;
  private @Nullable Overlong overlong;
  private @Nullable Double validationShare;
  private @Nullable Integer evalSteps;
  private @Nullable Integer checkpointSteps;
  private @Nullable Double randomLengthShare;
  private @Nullable Integer maxSteps;
  private @Nullable Method method;

  /** Nothing is asked for: defaults only. */
  public AskedHyperparameters() {}

  /**
   * The limit that rows are read with, which is needed before they are counted.
   *
   * @throws InvalidHyperparameterException when it is too small for any dialogue
   */
  public int maxLength(ModelConfig config) {
    int room = config.contextLength();
    if (method instanceof Method.PromptTuning prompt) {
      room -= prompt.virtualTokens();
    }
    if (maxLength == null) {
      return room;
    }
    if (maxLength < Hyperparameters.LEAST_LENGTH) {
      throw new InvalidHyperparameterException(
          "max_length",
          "max_length is "
              + maxLength
              + "; it must be "
              + Hyperparameters.LEAST_LENGTH
              + " to the "
              + room
              + " tokens that the model's context has for a row.");
    }
    return Math.min(maxLength, room);
  }

  /** What happens to longer rows, which is needed before they are counted. */
  public Overlong overlong() {
    return or(overlong, Overlong.REJECT);
  }

  /**
   * The share of {@code dialogues} to hold out.
   *
   * @param validationFile whether the job has rows of its own to be judged on
   */
  public double validationShare(long dialogues, boolean validationFile) {
    double usual = dialogues >= HOLD_OUT_FROM && !validationFile ? VALIDATION_SHARE : 0;
    return or(validationShare, usual);
  }

  /**
   * All values.
   *
   * @param samples rows in tokens that are trained on; two for each pair of answers
   * @param share what {@link #validationShare} said
   * @param usual what products are computed in where nothing was asked
   * @throws InvalidHyperparameterException with a sentence when a value is out of its range
   */
  public Hyperparameters resolve(int samples, ModelConfig config, double share, Compute usual) {
    int rows = or(batchRows, BATCH_ROWS);
    boolean pairs = method instanceof Method.Preference;
    int ofAPass = pairs ? samples / 2 : samples;
    int pass = Math.max(1, (ofAPass + Math.max(1, rows) - 1) / Math.max(1, rows));
    int fewest = pairs ? 1 : FEWEST_EPOCHS;
    int passes = or(epochs, Math.clamp((TARGET_STEPS + pass - 1) / pass, fewest, MOST_EPOCHS));
    int most = or(maxSteps, 0);
    long total = (long) pass * passes;
    long steps = most > 0 ? Math.min(most, total) : total;
    return new Hyperparameters(
        passes,
        rows,
        or(
            learningRate,
            LEARNING_RATE
                * Math.pow(Math.min(1, RATE_SIZE / config.parameterCount()), RATE_FALL)
                * rateOf(or(method, new Method.Full()))),
        maxLength(config),
        or(lossWeight, LossWeight.UNIFORM),
        or(noiseDraws, NoiseDraws.STRATIFIED),
        or(schedule, LearningRate.Curve.LINEAR),
        or(warmUpSteps, WARM_UP),
        or(weightDecay, WEIGHT_DECAY),
        or(clipNorm, CLIP_NORM),
        or(gradientAccumulation, 1),
        or(emaDecay, 0.0),
        or(recomputeActivations, false),
        or(packing, Packing.BUCKETS),
        or(compute, usual),
        overlong(),
        share,
        or(evalSteps, Math.clamp(steps / EVALUATIONS, 1, Integer.MAX_VALUE)),
        or(checkpointSteps, 0),
        or(randomLengthShare, 0.0),
        most,
        or(method, new Method.Full()));
  }

  public AskedHyperparameters epochs(@Nullable Integer value) {
    epochs = value;
    return this;
  }

  public AskedHyperparameters batchRows(@Nullable Integer value) {
    batchRows = value;
    return this;
  }

  public AskedHyperparameters learningRate(@Nullable Double value) {
    learningRate = value;
    return this;
  }

  public AskedHyperparameters maxLength(@Nullable Integer value) {
    maxLength = value;
    return this;
  }

  public AskedHyperparameters lossWeight(@Nullable LossWeight value) {
    lossWeight = value;
    return this;
  }

  public AskedHyperparameters noiseDraws(@Nullable NoiseDraws value) {
    noiseDraws = value;
    return this;
  }

  public AskedHyperparameters schedule(LearningRate.@Nullable Curve value) {
    schedule = value;
    return this;
  }

  public AskedHyperparameters warmUpSteps(@Nullable Integer value) {
    warmUpSteps = value;
    return this;
  }

  public AskedHyperparameters weightDecay(@Nullable Double value) {
    weightDecay = value;
    return this;
  }

  public AskedHyperparameters clipNorm(@Nullable Double value) {
    clipNorm = value;
    return this;
  }

  public AskedHyperparameters gradientAccumulation(@Nullable Integer value) {
    gradientAccumulation = value;
    return this;
  }

  public AskedHyperparameters emaDecay(@Nullable Double value) {
    emaDecay = value;
    return this;
  }

  public AskedHyperparameters recomputeActivations(@Nullable Boolean value) {
    recomputeActivations = value;
    return this;
  }

  public AskedHyperparameters packing(@Nullable Packing value) {
    packing = value;
    return this;
  }

  public AskedHyperparameters compute(@Nullable Compute value) {
    compute = value;
    return this;
  }

  public AskedHyperparameters overlong(@Nullable Overlong value) {
    overlong = value;
    return this;
  }

  public AskedHyperparameters validationShare(@Nullable Double value) {
    validationShare = value;
    return this;
  }

  public AskedHyperparameters evalSteps(@Nullable Integer value) {
    evalSteps = value;
    return this;
  }

  public AskedHyperparameters checkpointSteps(@Nullable Integer value) {
    checkpointSteps = value;
    return this;
  }

  public AskedHyperparameters randomLengthShare(@Nullable Double value) {
    randomLengthShare = value;
    return this;
  }

  public AskedHyperparameters maxSteps(@Nullable Integer value) {
    maxSteps = value;
    return this;
  }

  public AskedHyperparameters method(@Nullable Method value) {
    method = value;
    return this;
  }

  private static double rateOf(Method method) {
    return switch (method) {
      case Method.Full full -> 1;
      case Method.Lora lora -> ADAPTER_RATE;
      case Method.PromptTuning prompt -> PROMPT_RATE;
      case Method.Preference preference -> PREFERENCE_RATE * rateOf(preference.trained());
    };
  }

  private static <T> T or(@Nullable T asked, T usual) {
    return asked == null ? usual : asked;
  }
}
