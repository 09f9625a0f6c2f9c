package dev.unmask.cli.generate;

import dev.unmask.v1.DiffusionParams;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.Remasking;
import dev.unmask.v1.SamplingParams;
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

  @Option(
      names = "--model",
      paramLabel = "NAME",
      description = "name, name@alias or name@sha256:…; default: what the cluster serves.")
  private @Nullable String model;

  @Option(
      names = "--steps",
      paramLabel = "N",
      description = "Denoising steps for the whole canvas; a whole number per block.")
  private @Nullable Integer steps;

  @Option(
      names = "--gen-length",
      paramLabel = "N",
      description = "Slots of the canvas; a whole number of blocks.")
  private @Nullable Integer genLength;

  @Option(
      names = "--block-length",
      paramLabel = "N",
      description = "Slots of a block; a block is finished before the next begins.")
  private @Nullable Integer blockLength;

  @Option(
      names = "--threshold",
      paramLabel = "P",
      description =
          "Commit every slot at or above this confidence in each step, instead of a planned"
              + " number: (0, 1], not together with --steps.")
  private @Nullable Double threshold;

  @Option(
      names = "--remasking",
      paramLabel = "HOW",
      description = "Which slots are committed first: ${COMPLETION-CANDIDATES}.")
  private @Nullable RemaskingChoice remasking;

  @Option(
      names = "--cfg-scale",
      paramLabel = "W",
      description = "Classifier-free guidance; 0 is off, more costs a second forward a step.")
  private @Nullable Double cfgScale;

  @Option(
      names = "--temperature",
      paramLabel = "T",
      description = "0 takes the most likely token; at most 4.")
  private @Nullable Double temperature;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Fixes the random choices of this answer.")
  private @Nullable Long seed;

  @Option(
      names = "--deadline",
      paramLabel = "SECONDS",
      description = "After that the answer is worth nothing: it is given up.")
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
    if (temperature != null || seed != null) {
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
