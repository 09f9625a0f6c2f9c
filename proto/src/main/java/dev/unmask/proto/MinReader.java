package dev.unmask.proto;

import dev.unmask.v1.AliasRecord;
import dev.unmask.v1.Cache;
import dev.unmask.v1.DiffusionParams;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerationJob;
import dev.unmask.v1.Preset;

/**
 * The {@code min_reader} that a message needs. A message asks for the oldest reader that
 * understands all of it, so that old and new processes work side by side while a cluster is
 * upgraded, and an old one gives back what it would only half understand.
 */
public final class MinReader {

  /** Understood by every reader. */
  public static final int ANY = 1;

  /** Scores, presets, caches, factor decoding, lookahead, stop strings, recorded draws. */
  public static final int SECOND = 2;

  /** {@code max_tokens}, infilling. */
  public static final int THIRD = 3;

  /** Canaries. */
  public static final int FOURTH = 4;

  /** Answers of a given form. */
  public static final int FIFTH = 5;

  private MinReader() {}

  /** What a request needs. */
  public static int of(GenerationJob.Builder job) {
    if (job.getRequest().hasStructured()) {
      return FIFTH;
    }
    if (job.getRequest().getSampling().hasMaxTokens() || job.getRequest().hasInfill()) {
      return THIRD;
    }
    return job.hasScore() || needsSecond(job.getRequest()) ? SECOND : ANY;
  }

  /** What a move of an alias needs. */
  public static int of(AliasRecord.Builder move) {
    return move.hasCanary() ? FOURTH : ANY;
  }

  private static boolean needsSecond(GenerateRequest request) {
    DiffusionParams diffusion = request.getDiffusion();
    return diffusion.getPreset() != Preset.PRESET_UNSPECIFIED
        || diffusion.getCache() != Cache.CACHE_UNSPECIFIED
        || diffusion.hasCacheRefresh()
        || diffusion.hasConfidenceFactor()
        || diffusion.hasLookaheadBlocks()
        || request.getSampling().getStopCount() > 0
        || request.hasRecordedDraws();
  }
}
