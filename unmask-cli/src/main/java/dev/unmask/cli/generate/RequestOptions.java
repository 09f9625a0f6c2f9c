package dev.unmask.cli.generate;

import dev.unmask.v1.Cache;
import dev.unmask.v1.DiffusionParams;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.Preset;
import dev.unmask.v1.Remasking;
import dev.unmask.v1.SamplingParams;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * How an answer is made. What is not given is left to the model; whether values go together is
 * decided by the gateway, in one place.
 */
public final class RequestOptions {

  /** Which slots are committed first. */
  enum RemaskingChoice {
    LOW_CONFIDENCE,
    RANDOM;

    @Override
    public String toString() {
      return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }
  }

  /** What is kept from one step to the next. */
  enum CacheChoice {
    NONE,
    PREFIX,
    DUAL;

    @Override
    public String toString() {
      return name().toLowerCase(java.util.Locale.ROOT);
    }
  }

  /** Settings under one name. */
  enum PresetChoice {
    FAST,
    BALANCED,
    QUALITY;

    @Override
    public String toString() {
      return name().toLowerCase(java.util.Locale.ROOT);
    }
  }

  @Option(
      names = "--preset",
      paramLabel = "NAME",
      description =
          "fast: all slots of confidence 0.9 at once, dual cache; balanced: the same without a"
              + " cache; quality: the reference, one slot a step. Other options win over it."
              + " Default: quality's settings.")
  private @Nullable PresetChoice preset;

  @Option(
      names = "--model",
      paramLabel = "NAME",
      description = "name, name@alias or name@sha256:…; default: what the cluster serves.")
  private @Nullable String model;

  @Option(
      names = "--steps",
      paramLabel = "N",
      description =
          "Denoising steps for the whole canvas; a whole number per block. Default: one a slot.")
  private @Nullable Integer steps;

  @Option(
      names = "--gen-length",
      paramLabel = "N",
      description = "Slots of the canvas; a whole number of blocks. Default: 64.")
  private @Nullable Integer genLength;

  @Option(
      names = "--block-length",
      paramLabel = "N",
      description =
          "Slots of a block; a block is finished before the next begins. Default: 32 where that"
              + " divides the canvas, else one block.")
  private @Nullable Integer blockLength;

  @Option(
      names = "--threshold",
      paramLabel = "P",
      description =
          "Commit every slot at or above this confidence in each step, instead of a planned"
              + " number: 0 to 1, not together with --steps. Default: off.")
  private @Nullable Double threshold;

  @Option(
      names = "--factor",
      paramLabel = "F",
      description =
          "Commit the n surest slots while (n + 1)(1 - confidence of the n-th) stays below this;"
              + " above 0, instead of --steps and --threshold. Default: off.")
  private @Nullable Double factor;

  @Option(
      names = "--cache",
      paramLabel = "WHAT",
      description =
          "What steps inside a block reuse: ${COMPLETION-CANDIDATES}. prefix: keys and values left"
              + " of the block; dual: around it. Faster, and an approximation. Default: none.")
  private @Nullable CacheChoice cache;

  @Option(
      names = "--cache-refresh",
      paramLabel = "N",
      description =
          "Renew the cache every N steps of a block; 1 is exact. Default: at the start of each"
              + " block only.")
  private @Nullable Integer cacheRefresh;

  @Option(
      names = "--lookahead",
      paramLabel = "N",
      description =
          "Compute only N blocks behind the current one, so that an unused canvas costs nothing."
              + " Default: all of them, as in the reference.")
  private @Nullable Integer lookahead;

  @Option(
      names = "--remasking",
      paramLabel = "HOW",
      description =
          "Which slots are committed first: ${COMPLETION-CANDIDATES}. Default: low-confidence, the"
              + " surest.")
  private @Nullable RemaskingChoice remasking;

  @Option(
      names = "--cfg-scale",
      paramLabel = "W",
      description =
          "Classifier-free guidance; more than 0 costs a second forward a step. Default: 0, off.")
  private @Nullable Double cfgScale;

  @Option(
      names = "--temperature",
      paramLabel = "T",
      description = "0 takes the most likely token; at most 4. Default: 0.")
  private @Nullable Double temperature;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Fixes the random choices of this answer. Default: a new one each time.")
  private @Nullable Long seed;

  @Option(
      names = "--stop",
      paramLabel = "TEXT",
      description = "End the answer before this text; may be given up to 16 times. Default: none.")
  private List<String> stop = List.of();

  @Option(
      names = "--deadline",
      paramLabel = "SECONDS",
      description =
          "After that the answer is worth nothing: it is given up. Default: the gateway's, 120.")
  private @Nullable Double deadlineSeconds;

  /** A request with these options and no input yet. */
  public GenerateRequest.Builder request() {
    GenerateRequest.Builder request = GenerateRequest.newBuilder();
    if (model != null) {
      request.setModel(model);
    }
    if (deadlineSeconds != null) {
      request.setDeadlineMs(Math.round(deadlineSeconds * 1000));
    }
    DiffusionParams diffusion = diffusion();
    if (!diffusion.equals(DiffusionParams.getDefaultInstance())) {
      request.setDiffusion(diffusion);
    }
    SamplingParams.Builder sampling = SamplingParams.newBuilder();
    if (temperature != null) {
      sampling.setTemperature(temperature);
    }
    if (seed != null) {
      sampling.setSeed(seed);
    }
    sampling.addAllStop(stop);
    if (!sampling.build().equals(SamplingParams.getDefaultInstance())) {
      request.setSampling(sampling);
    }
    return request;
  }

  private DiffusionParams diffusion() {
    DiffusionParams.Builder diffusion = DiffusionParams.newBuilder();
    if (steps != null) {
      diffusion.setSteps(steps);
    }
    if (genLength != null) {
      diffusion.setGenLength(genLength);
    }
    if (blockLength != null) {
      diffusion.setBlockLength(blockLength);
    }
    if (threshold != null) {
      diffusion.setConfidenceThreshold(threshold);
    }
    if (preset != null) {
      diffusion.setPreset(
          switch (preset) {
            case FAST -> Preset.PRESET_FAST;
            case BALANCED -> Preset.PRESET_BALANCED;
            case QUALITY -> Preset.PRESET_QUALITY;
          });
    }
    if (cache != null) {
      diffusion.setCache(
          switch (cache) {
            case NONE -> Cache.CACHE_NONE;
            case PREFIX -> Cache.CACHE_PREFIX;
            case DUAL -> Cache.CACHE_DUAL;
          });
    }
    if (cacheRefresh != null) {
      diffusion.setCacheRefresh(cacheRefresh);
    }
    if (factor != null) {
      diffusion.setConfidenceFactor(factor);
    }
    if (lookahead != null) {
      diffusion.setLookaheadBlocks(lookahead);
    }
    if (remasking != null) {
      diffusion.setRemasking(
          switch (remasking) {
            case LOW_CONFIDENCE -> Remasking.REMASKING_LOW_CONFIDENCE;
            case RANDOM -> Remasking.REMASKING_RANDOM;
          });
    }
    if (cfgScale != null) {
      diffusion.setCfgScale(cfgScale);
    }
    return diffusion.build();
  }
}
