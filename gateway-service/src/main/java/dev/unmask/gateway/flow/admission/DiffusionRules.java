package dev.unmask.gateway.flow.admission;

import static dev.unmask.gateway.flow.admission.FieldChecks.invalid;
import static dev.unmask.gateway.flow.admission.FieldChecks.positive;
import static dev.unmask.gateway.flow.admission.FieldChecks.range;

import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.v1.Cache;
import dev.unmask.v1.DiffusionParams;
import dev.unmask.v1.Preset;
import dev.unmask.v1.Remasking;

/**
 * The rules of {@link DiffusionParams}. A preset fills in what is not set before fields are held
 * against each other; what depends on the model is left to the sampler.
 */
final class DiffusionRules {

  static final double MAX_GUIDANCE = 100;

  static final int MAX_CANVAS = 1 << 20;

  private DiffusionRules() {}

  static void check(DiffusionParams params) throws RefusedException {
    checkNames(params);
    if (params.hasGenLength()) {
      range("diffusion.gen_length", params.getGenLength(), 1, MAX_CANVAS);
    }
    if (params.hasBlockLength()) {
      range("diffusion.block_length", params.getBlockLength(), 1, MAX_CANVAS);
    }
    if (params.hasSteps()) {
      range("diffusion.steps", params.getSteps(), 1, MAX_CANVAS);
    }
    if (params.hasConfidenceThreshold()) {
      range("diffusion.confidence_threshold", params.getConfidenceThreshold(), 0, 1);
    }
    if (params.hasConfidenceFactor()) {
      positive("diffusion.confidence_factor", params.getConfidenceFactor(), MAX_CANVAS);
    }
    if (params.hasCfgScale()) {
      range("diffusion.cfg_scale", params.getCfgScale(), 0, MAX_GUIDANCE);
    }
    if (params.hasLookaheadBlocks()) {
      range("diffusion.lookahead_blocks", params.getLookaheadBlocks(), 0, MAX_CANVAS);
    }
    checkDecoding(params);
    checkCache(params);
    checkDivisions(params);
  }

  private static void checkNames(DiffusionParams params) throws RefusedException {
    if (params.getRemasking() == Remasking.UNRECOGNIZED) {
      throw invalid(
          "diffusion.remasking",
          "diffusion.remasking is "
              + params.getRemaskingValue()
              + "; it must be REMASKING_LOW_CONFIDENCE or REMASKING_RANDOM.");
    }
    if (params.getCache() == Cache.UNRECOGNIZED) {
      throw invalid(
          "diffusion.cache",
          "diffusion.cache is "
              + params.getCacheValue()
              + "; it must be CACHE_NONE, CACHE_PREFIX or CACHE_DUAL.");
    }
    if (params.getPreset() == Preset.UNRECOGNIZED) {
      throw invalid(
          "diffusion.preset",
          "diffusion.preset is "
              + params.getPresetValue()
              + "; it must be PRESET_FAST, PRESET_BALANCED or PRESET_QUALITY.");
    }
  }

  private static void checkDecoding(DiffusionParams params) throws RefusedException {
    if (params.hasConfidenceThreshold() && params.hasConfidenceFactor()) {
      throw invalid(
          "diffusion.confidence_factor",
          "diffusion.confidence_factor and diffusion.confidence_threshold are both set; each decides"
              + " alone what a step commits, so give one of them.");
    }
    if (params.hasSteps() && params.hasConfidenceThreshold()) {
      throw invalid(
          "diffusion.steps",
          "diffusion.steps and diffusion.confidence_threshold are both set; with a threshold the"
              + " number of steps follows from the confidences, so give one of them.");
    }
    if (params.hasSteps() && params.hasConfidenceFactor()) {
      throw invalid(
          "diffusion.steps",
          "diffusion.steps and diffusion.confidence_factor are both set; with a factor the number of"
              + " steps follows from the confidences, so give one of them.");
    }
    if (params.getRemasking() == Remasking.REMASKING_RANDOM) {
      String other =
          params.hasConfidenceThreshold()
              ? "diffusion.confidence_threshold"
              : params.hasConfidenceFactor()
                  ? "diffusion.confidence_factor"
                  : !params.hasSteps() && presetHasThreshold(params.getPreset())
                      ? "diffusion.preset " + params.getPreset()
                      : "";
      if (!other.isEmpty()) {
        throw invalid(
            "diffusion.remasking",
            "Random remasking does not go with "
                + other
                + ", which commits by confidence; give diffusion.steps instead.");
      }
    }
  }

  private static boolean presetHasThreshold(Preset preset) {
    return preset == Preset.PRESET_FAST || preset == Preset.PRESET_BALANCED;
  }

  private static void checkCache(DiffusionParams params) throws RefusedException {
    if (!params.hasCacheRefresh()) {
      return;
    }
    range("diffusion.cache_refresh", params.getCacheRefresh(), 1, MAX_CANVAS);
    boolean cached =
        switch (params.getCache()) {
          case CACHE_PREFIX, CACHE_DUAL -> true;
          case CACHE_UNSPECIFIED -> params.getPreset() == Preset.PRESET_FAST;
          case CACHE_NONE, UNRECOGNIZED -> false;
        };
    if (!cached) {
      throw invalid(
          "diffusion.cache_refresh",
          "diffusion.cache_refresh is set but there is no cache to refresh; set diffusion.cache to"
              + " CACHE_PREFIX or CACHE_DUAL.");
    }
  }

  private static void checkDivisions(DiffusionParams params) throws RefusedException {
    if (!params.hasGenLength()) {
      return;
    }
    int length = params.getGenLength();
    // More steps than slots are in order, as in the reference: the surplus costs no forward pass.
    if (!params.hasBlockLength()) {
      return;
    }
    int block = params.getBlockLength();
    if (length % block != 0) {
      throw invalid(
          "diffusion.gen_length",
          "diffusion.gen_length is "
              + length
              + ", not a whole number of blocks of "
              + block
              + "; "
              + ((length + block - 1) / block * block)
              + " would be.");
    }
    int blocks = length / block;
    if (params.hasSteps() && params.getSteps() % blocks != 0) {
      throw invalid(
          "diffusion.steps",
          "diffusion.steps is "
              + params.getSteps()
              + ", which does not divide into "
              + blocks
              + " blocks; "
              + (params.getSteps() + blocks - 1) / blocks * blocks
              + " would.");
    }
  }
}
