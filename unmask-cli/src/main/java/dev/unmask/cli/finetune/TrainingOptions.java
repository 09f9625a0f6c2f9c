package dev.unmask.cli.finetune;

import dev.unmask.cli.CliException;
import dev.unmask.v1.ComputePrecision;
import dev.unmask.v1.FullMethod;
import dev.unmask.v1.Hyperparameters;
import dev.unmask.v1.LoraMethod;
import dev.unmask.v1.LossWeight;
import dev.unmask.v1.Method;
import dev.unmask.v1.NoiseDraws;
import dev.unmask.v1.OverlongRows;
import dev.unmask.v1.Packing;
import dev.unmask.v1.PreferenceMethod;
import dev.unmask.v1.PromptTuningMethod;
import dev.unmask.v1.Schedule;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/**
 * How to train, as options. Values are checked by the gateway, which knows the ranges; defaults are
 * the trainer's and stand in docs/finetuning.md.
 */
@SuppressWarnings("NullAway.Init") // picocli fills the groups.
final class TrainingOptions {

  /** What is trained. */
  enum Kind {
    FULL,
    LORA,
    PROMPT_TUNING,
    PREFERENCE;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  @ArgGroup(validate = false, heading = "%nWhat is trained:%n")
  What what = new What();

  @ArgGroup(validate = false, heading = "%nHow long and how fast:%n")
  Pace pace = new Pace();

  @ArgGroup(validate = false, heading = "%nRows and their noise:%n")
  Rows rows = new Rows();

  @ArgGroup(validate = false, heading = "%nHow it is judged:%n")
  Judging judging = new Judging();

  /** What is trained. */
  static final class What {
    @Option(
        names = "--method",
        paramLabel = "HOW",
        description =
            "${COMPLETION-CANDIDATES}: all weights (the default), low-rank adapters beside them,"
                + " virtual tokens before every prompt, or all weights from rows with a chosen and"
                + " a rejected answer.")
    Kind method = Kind.FULL;

    @Option(
        names = "--rank",
        paramLabel = "N",
        description = "LoRA: width of the adapters, 1 to 256; default 8.")
    @Nullable Integer rank;

    @Option(
        names = "--alpha",
        paramLabel = "X",
        description = "LoRA: strength; the adapter counts alpha / rank. Default 2 times the rank.")
    @Nullable Double alpha;

    @Option(
        names = "--dropout",
        paramLabel = "P",
        description = "LoRA: share of an adapter's inputs left out in training; default 0.")
    @Nullable Double dropout;

    @Option(
        names = "--merge",
        description =
            "LoRA: publish whole weights with the adapter added to them, instead of the adapter"
                + " beside its base.")
    boolean merge;

    @Option(
        names = "--virtual-tokens",
        paramLabel = "N",
        description =
            "Prompt tuning: how many, 1 to 1024; default 16. They take room of the context.")
    @Nullable Integer virtualTokens;

    @Option(
        names = "--target",
        paramLabel = "NAME,NAME",
        split = ",",
        description =
            "LoRA: q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj in every layer,"
                + " or one matrix as layers.3.q_proj; default all.")
    List<String> targets = List.of();

    @Option(
        names = "--beta",
        paramLabel = "X",
        description = "Preference: how far answers may move from the start; default 0.2.")
    @Nullable Double beta;

    @Option(
        names = "--precision",
        paramLabel = "P",
        description =
            "float32 or bfloat16 products; default: what the trainer's machine does best.")
    @Nullable String precision;
  }

  /** Steps and rates. */
  static final class Pace {
    @Option(
        names = "--epochs",
        paramLabel = "N",
        description = "Passes over the rows; default: enough for about 270 steps, 3 to 60.")
    @Nullable Integer epochs;

    @Option(names = "--max-steps", paramLabel = "N", description = "End after so many steps.")
    @Nullable Integer maxSteps;

    @Option(names = "--batch-size", paramLabel = "N", description = "Rows of a step; default 16.")
    @Nullable Integer batchSize;

    @Option(
        names = "--accumulate",
        paramLabel = "N",
        description = "Batches that a step is divided into, for less memory; default 1.")
    @Nullable Integer accumulate;

    @Option(
        names = "--learning-rate",
        paramLabel = "X",
        description = "The highest learning rate; default by size and method.")
    @Nullable Double learningRate;

    @Option(
        names = "--schedule",
        paramLabel = "S",
        description =
            "What the rate does after its rise: linear (default), cosine, constant, or stable"
                + " (constant, then linear over the last tenth).")
    @Nullable String schedule;

    @Option(names = "--warmup", paramLabel = "N", description = "Steps of the rise; default 10.")
    @Nullable Integer warmUp;

    @Option(
        names = "--weight-decay",
        paramLabel = "X",
        description = "AdamW's decoupled decay; default 0.01.")
    @Nullable Double weightDecay;

    @Option(
        names = "--clip",
        paramLabel = "X",
        description = "Gradients of a larger global norm are scaled down to it; default 1.")
    @Nullable Double clip;

    @Option(
        names = "--ema",
        paramLabel = "X",
        description = "Publish the moving average of the weights with this decay, such as 0.999.")
    @Nullable Double ema;
  }

  /** What is learned from rows. */
  static final class Rows {
    @Option(
        names = "--max-length",
        paramLabel = "N",
        description = "Most tokens of a row; default: the model's context.")
    @Nullable Integer maxLength;

    @Option(
        names = "--recompute-activations",
        description = "Less memory for about a third more time, and the same result.")
    boolean recompute;

    @Option(
        names = "--packing",
        paramLabel = "HOW",
        description =
            "buckets (rows of nearly one length share a batch, the default) or packed (each row"
                + " keeps its own tail of EOS).")
    @Nullable String packing;

    @Option(
        names = "--overlong",
        paramLabel = "WHAT",
        description =
            "Longer rows: reject (default), truncate (the answer), or keep_fitting_turns.")
    @Nullable String overlong;

    @Option(
        names = "--loss-weight",
        paramLabel = "W",
        description = "uniform (the default) or inverse_t (LLaDA's bound).")
    @Nullable String lossWeight;

    @Option(
        names = "--noise",
        paramLabel = "DRAWS",
        description = "stratified (default), antithetic or independent masking times.")
    @Nullable String noise;
  }

  /** Evaluation inside the run. */
  static final class Judging {
    @Option(
        names = "--validation-share",
        paramLabel = "SHARE",
        description = "Dialogues held out; default 0.02 from 500 dialogues on, else none.")
    @Nullable Double validationShare;

    @Option(
        names = "--eval-steps",
        paramLabel = "N",
        description = "Steps between evaluations; default: five in a run.")
    @Nullable Integer evalSteps;

    @Option(
        names = "--checkpoint-steps",
        paramLabel = "N",
        description = "Steps between states on disk; default: by time.")
    @Nullable Integer checkpointSteps;
  }

  Hyperparameters hyperparameters() {
    Hyperparameters.Builder h = Hyperparameters.newBuilder();
    set(pace.epochs, h::setNEpochs);
    set(pace.maxSteps, h::setMaxSteps);
    set(pace.batchSize, h::setBatchSize);
    set(pace.accumulate, h::setGradientAccumulation);
    set(pace.learningRate, h::setLearningRate);
    set(pace.warmUp, h::setWarmupSteps);
    set(pace.weightDecay, h::setWeightDecay);
    set(pace.clip, h::setClipNorm);
    set(pace.ema, h::setEmaDecay);
    set(rows.maxLength, h::setMaxLength);
    set(judging.validationShare, h::setValidationShare);
    set(judging.evalSteps, h::setEvalSteps);
    set(judging.checkpointSteps, h::setCheckpointSteps);
    if (rows.recompute) {
      h.setRecomputeActivations(true);
    }
    set(schedule(), h::setSchedule);
    set(packing(), h::setPacking);
    set(overlong(), h::setOverlong);
    set(lossWeight(), h::setLossWeight);
    set(noise(), h::setNoiseDraws);
    set(precision(), h::setPrecision);
    return h.build();
  }

  Method method() {
    boolean lora =
        what.rank != null
            || what.alpha != null
            || what.dropout != null
            || what.merge
            || !what.targets.isEmpty();
    if (lora && (what.method == Kind.FULL || what.method == Kind.PROMPT_TUNING)) {
      throw CliException.usage(
          "--rank, --alpha, --dropout, --target and --merge belong to --method lora, or to adapters"
              + " of --method preference");
    }
    if (what.method != Kind.PROMPT_TUNING && what.virtualTokens != null) {
      throw CliException.usage("--virtual-tokens belongs to --method prompt_tuning");
    }
    if (what.method != Kind.PREFERENCE && what.beta != null) {
      throw CliException.usage("--beta belongs to --method preference");
    }
    Method.Builder method = Method.newBuilder();
    switch (what.method) {
      case FULL -> method.setFull(FullMethod.getDefaultInstance());
      case LORA -> method.setLora(lora());
      case PROMPT_TUNING -> {
        PromptTuningMethod.Builder prompt = PromptTuningMethod.newBuilder();
        set(what.virtualTokens, prompt::setVirtualTokens);
        method.setPromptTuning(prompt);
      }
      case PREFERENCE -> {
        PreferenceMethod.Builder preference = PreferenceMethod.newBuilder();
        set(what.beta, preference::setBeta);
        if (lora) {
          preference.setLora(lora());
        }
        method.setPreference(preference);
      }
    }
    return method.build();
  }

  private LoraMethod lora() {
    LoraMethod.Builder lora =
        LoraMethod.newBuilder().addAllTargets(what.targets).setMerge(what.merge);
    set(what.rank, lora::setRank);
    set(what.alpha, lora::setAlpha);
    set(what.dropout, lora::setDropout);
    return lora.build();
  }

  private @Nullable Schedule schedule() {
    return switch (pace.schedule) {
      case null -> null;
      case "linear" -> Schedule.SCHEDULE_LINEAR;
      case "cosine" -> Schedule.SCHEDULE_COSINE;
      case "constant" -> Schedule.SCHEDULE_CONSTANT;
      case "stable" -> Schedule.SCHEDULE_STABLE;
      default -> throw unknown("--schedule", pace.schedule, "linear, cosine, constant or stable");
    };
  }

  private @Nullable Packing packing() {
    return switch (rows.packing) {
      case null -> null;
      case "buckets" -> Packing.PACKING_BUCKETS;
      case "packed" -> Packing.PACKING_PACKED;
      default -> throw unknown("--packing", rows.packing, "buckets or packed");
    };
  }

  private @Nullable OverlongRows overlong() {
    return switch (rows.overlong) {
      case null -> null;
      case "reject" -> OverlongRows.OVERLONG_ROWS_REJECT;
      case "truncate" -> OverlongRows.OVERLONG_ROWS_TRUNCATE;
      case "keep_fitting_turns" -> OverlongRows.OVERLONG_ROWS_KEEP_FITTING_TURNS;
      default ->
          throw unknown("--overlong", rows.overlong, "reject, truncate or keep_fitting_turns");
    };
  }

  private @Nullable LossWeight lossWeight() {
    return switch (rows.lossWeight) {
      case null -> null;
      case "inverse_t" -> LossWeight.LOSS_WEIGHT_INVERSE_T;
      case "uniform" -> LossWeight.LOSS_WEIGHT_UNIFORM;
      default -> throw unknown("--loss-weight", rows.lossWeight, "inverse_t or uniform");
    };
  }

  private @Nullable NoiseDraws noise() {
    return switch (rows.noise) {
      case null -> null;
      case "stratified" -> NoiseDraws.NOISE_DRAWS_STRATIFIED;
      case "antithetic" -> NoiseDraws.NOISE_DRAWS_ANTITHETIC;
      case "independent" -> NoiseDraws.NOISE_DRAWS_INDEPENDENT;
      default -> throw unknown("--noise", rows.noise, "stratified, antithetic or independent");
    };
  }

  private @Nullable ComputePrecision precision() {
    return switch (what.precision) {
      case null -> null;
      case "float32" -> ComputePrecision.COMPUTE_PRECISION_FLOAT32;
      case "bfloat16" -> ComputePrecision.COMPUTE_PRECISION_BFLOAT16;
      default -> throw unknown("--precision", what.precision, "float32 or bfloat16");
    };
  }

  private static CliException unknown(String option, String value, String known) {
    return CliException.usage(option + " is \"" + value + "\"; it must be " + known);
  }

  /** Sets what was given. */
  @FunctionalInterface
  private interface Setter<T> {
    Object set(T value);
  }

  private static <T> void set(@Nullable T value, Setter<T> setter) {
    if (value != null) {
      Object unused = setter.set(value);
    }
  }
}
