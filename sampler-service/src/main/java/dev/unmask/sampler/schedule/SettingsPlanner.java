package dev.unmask.sampler.schedule;

import dev.unmask.model.sampling.Caching;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.model.sampling.InvalidSettingsException;
import dev.unmask.model.sampling.Preset;
import dev.unmask.model.sampling.Remasking;
import dev.unmask.v1.Cache;
import dev.unmask.v1.DiffusionParams;
import dev.unmask.v1.SamplingParams;
import java.util.ArrayList;
import java.util.List;

/**
 * Turns a request's parameters into complete settings: what the request says, then what its preset
 * says, then the defaults. Requests straight from Kafka have met no gateway, so everything is
 * checked here too.
 */
final class SettingsPlanner {

  /** Slots of the canvas when the request does not say. */
  static final int DEFAULT_GEN_LENGTH = 64;

  /** Slots of a block when the request does not say and the canvas is a multiple of it. */
  static final int DEFAULT_BLOCK_LENGTH = 32;

  private SettingsPlanner() {}

  static GenerationSettings plan(DiffusionParams asked, SamplingParams sampling, long seed)
      throws RefusedRequestException {
    int genLength = asked.hasGenLength() ? asked.getGenLength() : usualLength(asked, sampling);
    // A canvas that is no multiple of the default block is one block.
    int blockLength =
        asked.hasBlockLength()
            ? asked.getBlockLength()
            : genLength % DEFAULT_BLOCK_LENGTH == 0 ? DEFAULT_BLOCK_LENGTH : genLength;
    checkDecoding(asked);
    try {
      GenerationSettings.Builder settings = GenerationSettings.builder(genLength, blockLength);
      Caching cachingOfPreset = applyPreset(asked, settings);
      if (asked.hasSteps()) {
        settings.steps(asked.getSteps());
      } else if (asked.hasConfidenceThreshold()) {
        settings.threshold(asked.getConfidenceThreshold());
      } else if (asked.hasConfidenceFactor()) {
        settings.factor(asked.getConfidenceFactor());
      }
      if (asked.hasLookaheadBlocks()) {
        settings.lookaheadBlocks(asked.getLookaheadBlocks());
      }
      return settings
          .remasking(remasking(asked))
          .caching(caching(asked, cachingOfPreset))
          .temperature(sampling.getTemperature())
          .cfgScale(asked.getCfgScale())
          .seed(seed)
          .eosEarlyExit(!asked.hasEosEarlyExit() || asked.getEosEarlyExit())
          .logitsEosInf(asked.getLogitsEosInf())
          .confidenceEosEotInf(asked.getConfidenceEosEotInf())
          .build();
    } catch (InvalidSettingsException e) {
      throw RefusedRequestException.invalid(path(e.field()), String.valueOf(e.getMessage()));
    }
  }

  /** The canvas of a request that does not say how long it is. */
  private static int usualLength(DiffusionParams asked, SamplingParams sampling) {
    if (!sampling.hasMaxTokens()) {
      return DEFAULT_GEN_LENGTH;
    }
    int block = asked.getBlockLength() > 0 ? asked.getBlockLength() : DEFAULT_BLOCK_LENGTH;
    long whole = Math.ceilDiv((long) sampling.getMaxTokens(), block) * block;
    return (int) Math.min(whole, Integer.MAX_VALUE);
  }

  private static void checkDecoding(DiffusionParams asked) throws RefusedRequestException {
    List<String> given = new ArrayList<>();
    if (asked.hasSteps()) {
      given.add("steps");
    }
    if (asked.hasConfidenceThreshold()) {
      given.add("confidence_threshold");
    }
    if (asked.hasConfidenceFactor()) {
      given.add("confidence_factor");
    }
    if (given.size() > 1) {
      throw RefusedRequestException.invalid(
          "diffusion." + given.getFirst(),
          String.join(" and ", given)
              + " exclude each other: each decides by itself how many slots a step commits; give"
              + " one of them");
    }
  }

  /** Applies the preset, if there is one, and returns its cache. */
  private static Caching applyPreset(DiffusionParams asked, GenerationSettings.Builder settings)
      throws RefusedRequestException {
    Preset preset =
        switch (asked.getPreset()) {
          case PRESET_UNSPECIFIED -> null;
          case PRESET_FAST -> Preset.FAST;
          case PRESET_BALANCED -> Preset.BALANCED;
          case PRESET_QUALITY -> Preset.QUALITY;
          case UNRECOGNIZED ->
              throw RefusedRequestException.invalid(
                  "diffusion.preset",
                  "preset "
                      + asked.getPresetValue()
                      + " is not known here; FAST, BALANCED and QUALITY are");
        };
    if (preset == null) {
      return Caching.NONE;
    }
    var unused = preset.applyTo(settings);
    // The preset's own choice, whatever the canvas is.
    return preset.applyTo(GenerationSettings.builder(1, 1)).build().caching();
  }

  private static Caching caching(DiffusionParams asked, Caching ofPreset)
      throws RefusedRequestException {
    Caching.Kind kind =
        switch (asked.getCache()) {
          case CACHE_UNSPECIFIED -> ofPreset.kind();
          case CACHE_NONE -> Caching.Kind.NONE;
          case CACHE_PREFIX -> Caching.Kind.PREFIX;
          case CACHE_DUAL -> Caching.Kind.DUAL;
          case UNRECOGNIZED ->
              throw RefusedRequestException.invalid(
                  "diffusion.cache",
                  "cache "
                      + asked.getCacheValue()
                      + " is not known here; NONE, PREFIX and DUAL are");
        };
    if (!asked.hasCacheRefresh()) {
      return asked.getCache() == Cache.CACHE_UNSPECIFIED ? ofPreset : new Caching(kind, 0);
    }
    if (asked.getCacheRefresh() < 1) {
      throw RefusedRequestException.invalid(
          "diffusion.cache_refresh",
          "cache_refresh is "
              + asked.getCacheRefresh()
              + "; it must be at least 1, which renews the cache at every step");
    }
    return new Caching(kind, asked.getCacheRefresh());
  }

  private static Remasking remasking(DiffusionParams asked) throws RefusedRequestException {
    return switch (asked.getRemasking()) {
      case REMASKING_UNSPECIFIED, REMASKING_LOW_CONFIDENCE -> Remasking.LOW_CONFIDENCE;
      case REMASKING_RANDOM -> Remasking.RANDOM;
      case UNRECOGNIZED ->
          throw RefusedRequestException.invalid(
              "diffusion.remasking",
              "remasking "
                  + asked.getRemaskingValue()
                  + " is not known here; LOW_CONFIDENCE and RANDOM are");
    };
  }

  /** The request's path of a setting that the sampler refused. */
  private static String path(String setting) {
    return switch (setting) {
      case "temperature", "seed" -> "sampling." + setting;
      case "threshold", "factor" -> "diffusion.confidence_" + setting;
      default ->
          "diffusion." + setting.replaceAll("([A-Z])", "_$1").toLowerCase(java.util.Locale.ROOT);
    };
  }
}
