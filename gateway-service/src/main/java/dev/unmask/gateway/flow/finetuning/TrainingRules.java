package dev.unmask.gateway.flow.finetuning;

import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.v1.Hyperparameters;
import dev.unmask.v1.LoraMethod;
import dev.unmask.v1.Method;
import dev.unmask.v1.PreferenceMethod;

/**
 * The ranges of how a job trains. They are the trainer's own (docs/finetuning.md); checked here so
 * that a caller hears of a wrong value at once and not after the job was queued.
 */
final class TrainingRules {

  private static final String H = "hyperparameters.";
  private static final int MOST_STEPS = 100_000_000;

  private TrainingRules() {}

  static void check(Hyperparameters h, Method method) throws RefusedException {
    if (h.hasNEpochs()) {
      whole(H + "n_epochs", h.getNEpochs(), 1, 1000);
    }
    if (h.hasBatchSize()) {
      whole(H + "batch_size", h.getBatchSize(), 1, 4096);
    }
    if (h.hasLearningRate()) {
      above(H + "learning_rate", h.getLearningRate(), 1);
    }
    if (h.hasMaxLength()) {
      whole(H + "max_length", h.getMaxLength(), 8, 1 << 20);
    }
    if (h.hasWarmupSteps()) {
      whole(H + "warmup_steps", h.getWarmupSteps(), 0, 100_000);
    }
    if (h.hasWeightDecay()) {
      between(H + "weight_decay", h.getWeightDecay(), 0, 1);
    }
    if (h.hasClipNorm()) {
      above(H + "clip_norm", h.getClipNorm(), 1e6);
    }
    if (h.hasGradientAccumulation()) {
      whole(H + "gradient_accumulation", h.getGradientAccumulation(), 1, 1024);
    }
    if (h.hasEmaDecay() && !(h.getEmaDecay() >= 0 && h.getEmaDecay() < 1)) {
      throw invalid(
          H + "ema_decay", h.getEmaDecay() + "; it must be at least 0 (none) and below 1.");
    }
    if (h.hasValidationShare()) {
      between(H + "validation_share", h.getValidationShare(), 0, 0.5);
    }
    if (h.hasEvalSteps()) {
      whole(H + "eval_steps", h.getEvalSteps(), 0, MOST_STEPS);
    }
    if (h.hasCheckpointSteps()) {
      whole(H + "checkpoint_steps", h.getCheckpointSteps(), 0, MOST_STEPS);
    }
    if (h.hasRandomLengthShare()) {
      between(H + "random_length_share", h.getRandomLengthShare(), 0, 1);
    }
    if (h.hasMaxSteps()) {
      whole(H + "max_steps", h.getMaxSteps(), 0, MOST_STEPS);
    }
    names(h);
    check(method);
  }

  private static void names(Hyperparameters h) throws RefusedException {
    known(H + "loss_weight", h.getLossWeightValue(), 2);
    known(H + "noise_draws", h.getNoiseDrawsValue(), 3);
    known(H + "schedule", h.getScheduleValue(), 4);
    known(H + "packing", h.getPackingValue(), 2);
    known(H + "precision", h.getPrecisionValue(), 2);
    known(H + "overlong", h.getOverlongValue(), 3);
  }

  private static void check(Method method) throws RefusedException {
    switch (method.getMethodCase()) {
      case LORA -> lora("method.lora.", method.getLora());
      case PROMPT_TUNING -> {
        if (method.getPromptTuning().hasVirtualTokens()) {
          whole(
              "method.prompt_tuning.virtual_tokens",
              method.getPromptTuning().getVirtualTokens(),
              1,
              1024);
        }
      }
      case PREFERENCE -> preference(method.getPreference());
      case FULL, METHOD_NOT_SET -> {}
    }
  }

  private static void lora(String path, LoraMethod lora) throws RefusedException {
    if (lora.hasRank()) {
      whole(path + "rank", lora.getRank(), 1, 256);
    }
    if (lora.hasAlpha()) {
      above(path + "alpha", lora.getAlpha(), 1e6);
    }
    if (lora.hasDropout() && !(lora.getDropout() >= 0 && lora.getDropout() < 1)) {
      throw invalid(path + "dropout", lora.getDropout() + "; it must be at least 0 and below 1.");
    }
    for (int i = 0; i < lora.getTargetsCount(); i++) {
      if (lora.getTargets(i).isBlank()) {
        throw invalid(
            path + "targets[" + i + "]",
            "empty; it must name a projection such as q_proj, a path such as layers.3.q_proj, or"
                + " all.");
      }
    }
  }

  private static void preference(PreferenceMethod preference) throws RefusedException {
    String path = "method.preference.";
    if (preference.hasBeta()) {
      above(path + "beta", preference.getBeta(), 1e3);
    }
    if (preference.hasSamples()) {
      whole(path + "samples", preference.getSamples(), 1, 64);
    }
    if (preference.hasSftWeight()) {
      between(path + "sft_weight", preference.getSftWeight(), 0, 1e3);
    }
    if (preference.hasLora()) {
      lora(path + "lora.", preference.getLora());
    }
  }

  private static void known(String field, int value, int most) throws RefusedException {
    if (value < 0 || value > most) {
      throw invalid(field, value + ", which this server does not know.");
    }
  }

  private static void whole(String field, long value, long least, long most)
      throws RefusedException {
    if (value < least || value > most) {
      throw invalid(field, value + "; it must be from " + least + " to " + most + ".");
    }
  }

  private static void between(String field, double value, double least, double most)
      throws RefusedException {
    if (!(value >= least && value <= most)) {
      throw invalid(field, value + "; it must be from " + least + " to " + most + ".");
    }
  }

  private static void above(String field, double value, double most) throws RefusedException {
    if (!(value > 0 && value <= most)) {
      throw invalid(field, value + "; it must be above 0 and at most " + most + ".");
    }
  }

  private static RefusedException invalid(String field, String is) {
    return new RefusedException(Refusal.invalid(field, field + " is " + is));
  }
}
