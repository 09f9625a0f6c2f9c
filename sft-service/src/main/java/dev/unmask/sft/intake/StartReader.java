package dev.unmask.sft.intake;

import dev.unmask.model.training.LoraTargets;
import dev.unmask.model.training.LossWeight;
import dev.unmask.model.training.Method;
import dev.unmask.model.transformer.TransformerText.Compute;
import dev.unmask.sft.job.JobRequest;
import dev.unmask.sft.recipe.AskedHyperparameters;
import dev.unmask.sft.recipe.LearningRate;
import dev.unmask.sft.recipe.NoiseDraws;
import dev.unmask.sft.recipe.Overlong;
import dev.unmask.sft.recipe.Packing;
import dev.unmask.store.Digest;
import dev.unmask.v1.FineTuningJob;
import dev.unmask.v1.Hyperparameters;
import dev.unmask.v1.LoraMethod;
import dev.unmask.v1.PreferenceMethod;
import dev.unmask.v1.StartFineTune;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A start command as a request in this service's own types. */
public final class StartReader {

  private static final int RANK = 8;
  private static final int VIRTUAL_TOKENS = 16;

  /** LLaDA 1.5's. */
  private static final double BETA = 0.2;

  /** LLaDA 1.5's. */
  private static final int SAMPLES = 8;

  /** LLaDA 1.5's. */
  private static final double SFT_WEIGHT = 0.05;

  private StartReader() {}

  /**
   * The request of a command.
   *
   * @throws IllegalArgumentException with a sentence when a value cannot be; the gateway checks
   *     most, but commands can come from elsewhere
   */
  public static JobRequest request(String jobId, StartFineTune start) {
    FineTuningJob job = start.getJob();
    return new JobRequest(
        jobId,
        job.getTenant(),
        job.getTrainingFile(),
        job.getValidationFile().isEmpty() ? null : job.getValidationFile(),
        Digest.parse(job.getBaseDigest()),
        job.getSuffix(),
        job.getSeed(),
        asked(job),
        job.getMethod().getLora().getMerge()
            || job.getMethod().getPreference().getLora().getMerge(),
        job.getAutoActivate(),
        start.getMaxBadRows(),
        job.getProbesList());
  }

  private static AskedHyperparameters asked(FineTuningJob job) {
    Hyperparameters asked = job.getHyperparameters();
    return new AskedHyperparameters()
        .epochs(asked.hasNEpochs() ? asked.getNEpochs() : null)
        .batchRows(asked.hasBatchSize() ? asked.getBatchSize() : null)
        .learningRate(asked.hasLearningRate() ? asked.getLearningRate() : null)
        .maxLength(asked.hasMaxLength() ? asked.getMaxLength() : null)
        .lossWeight(
            switch (asked.getLossWeight()) {
              case LOSS_WEIGHT_INVERSE_T -> LossWeight.INVERSE_T;
              case LOSS_WEIGHT_UNIFORM -> LossWeight.UNIFORM;
              case LOSS_WEIGHT_UNSPECIFIED -> null;
              case UNRECOGNIZED -> throw newer("loss_weight");
            })
        .noiseDraws(
            switch (asked.getNoiseDraws()) {
              case NOISE_DRAWS_INDEPENDENT -> NoiseDraws.INDEPENDENT;
              case NOISE_DRAWS_STRATIFIED -> NoiseDraws.STRATIFIED;
              case NOISE_DRAWS_ANTITHETIC -> NoiseDraws.ANTITHETIC;
              case NOISE_DRAWS_UNSPECIFIED -> null;
              case UNRECOGNIZED -> throw newer("noise_draws");
            })
        .schedule(
            switch (asked.getSchedule()) {
              case SCHEDULE_CONSTANT -> LearningRate.Curve.CONSTANT;
              case SCHEDULE_LINEAR -> LearningRate.Curve.LINEAR;
              case SCHEDULE_COSINE -> LearningRate.Curve.COSINE;
              case SCHEDULE_STABLE -> LearningRate.Curve.STABLE;
              case SCHEDULE_UNSPECIFIED -> null;
              case UNRECOGNIZED -> throw newer("schedule");
            })
        .warmUpSteps(asked.hasWarmupSteps() ? asked.getWarmupSteps() : null)
        .weightDecay(asked.hasWeightDecay() ? asked.getWeightDecay() : null)
        .clipNorm(asked.hasClipNorm() ? asked.getClipNorm() : null)
        .gradientAccumulation(
            asked.hasGradientAccumulation() ? asked.getGradientAccumulation() : null)
        .emaDecay(asked.hasEmaDecay() ? asked.getEmaDecay() : null)
        .recomputeActivations(
            asked.hasRecomputeActivations() ? asked.getRecomputeActivations() : null)
        .packing(
            switch (asked.getPacking()) {
              case PACKING_BUCKETS -> Packing.BUCKETS;
              case PACKING_PACKED -> Packing.PACKED;
              case PACKING_UNSPECIFIED -> null;
              case UNRECOGNIZED -> throw newer("packing");
            })
        .compute(
            switch (asked.getPrecision()) {
              case COMPUTE_PRECISION_FLOAT32 -> Compute.FLOAT32;
              case COMPUTE_PRECISION_BFLOAT16 -> Compute.BFLOAT16;
              case COMPUTE_PRECISION_UNSPECIFIED -> null;
              case UNRECOGNIZED -> throw newer("precision");
            })
        .overlong(
            switch (asked.getOverlong()) {
              case OVERLONG_ROWS_REJECT -> Overlong.REJECT;
              case OVERLONG_ROWS_TRUNCATE -> Overlong.TRUNCATE;
              case OVERLONG_ROWS_KEEP_FITTING_TURNS -> Overlong.KEEP_FITTING_TURNS;
              case OVERLONG_ROWS_UNSPECIFIED -> null;
              case UNRECOGNIZED -> throw newer("overlong");
            })
        .validationShare(asked.hasValidationShare() ? asked.getValidationShare() : null)
        .evalSteps(asked.hasEvalSteps() ? asked.getEvalSteps() : null)
        .checkpointSteps(asked.hasCheckpointSteps() ? asked.getCheckpointSteps() : null)
        .randomLengthShare(asked.hasRandomLengthShare() ? asked.getRandomLengthShare() : null)
        .maxSteps(asked.hasMaxSteps() ? asked.getMaxSteps() : null)
        .method(method(job.getMethod()));
  }

  private static @Nullable Method method(dev.unmask.v1.Method asked) {
    return switch (asked.getMethodCase()) {
      case FULL -> new Method.Full();
      case LORA -> lora(asked.getLora());
      case PROMPT_TUNING ->
          new Method.PromptTuning(
              asked.getPromptTuning().hasVirtualTokens()
                  ? asked.getPromptTuning().getVirtualTokens()
                  : VIRTUAL_TOKENS);
      case PREFERENCE -> preference(asked.getPreference());
      case METHOD_NOT_SET -> null;
    };
  }

  private static Method.Lora lora(LoraMethod asked) {
    int rank = asked.hasRank() ? asked.getRank() : RANK;
    return new Method.Lora(
        rank,
        asked.hasAlpha() ? asked.getAlpha() : 2.0 * rank,
        asked.hasDropout() ? asked.getDropout() : 0,
        asked.getTargetsCount() == 0 ? List.of(LoraTargets.ALL) : asked.getTargetsList());
  }

  private static Method preference(PreferenceMethod asked) {
    return new Method.Preference(
        asked.hasBeta() ? asked.getBeta() : BETA,
        asked.hasSamples() ? asked.getSamples() : SAMPLES,
        asked.hasSftWeight() ? asked.getSftWeight() : SFT_WEIGHT,
        asked.hasLora() ? lora(asked.getLora()) : null);
  }

  private static IllegalArgumentException newer(String field) {
    return new IllegalArgumentException(
        "The job asks for a value of " + field + " that only a newer trainer knows.");
  }
}
