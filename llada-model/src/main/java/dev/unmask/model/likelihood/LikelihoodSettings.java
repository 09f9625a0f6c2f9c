package dev.unmask.model.likelihood;

import dev.unmask.model.sampling.InvalidSettingsException;

/**
 * How an answer's likelihood is estimated.
 *
 * @param samples masked copies of the answer that are evaluated; the reference uses 128, and 1 for
 *     answers of one token, where one is exact
 * @param batch copies that share their strata (see {@link MaskDraws}); divides {@code samples}
 * @param cfgScale classifier-free guidance; 0 is off. Above it the result is a score and no longer
 *     a bound
 * @param seed the masks depend on nothing else
 */
public record LikelihoodSettings(int samples, int batch, double cfgScale, long seed) {

  /** What the reference evaluates for each answer. */
  public static final int USUAL_SAMPLES = 128;

  /** The reference's batch. */
  public static final int USUAL_BATCH = 16;

  /**
   * Checks every component.
   *
   * @throws InvalidSettingsException naming the first one at fault
   */
  public LikelihoodSettings {
    if (samples < 1) {
      throw new InvalidSettingsException(
          "samples", "the number of samples is " + samples + "; it must be at least 1");
    }
    if (batch < 1 || samples % batch != 0) {
      throw new InvalidSettingsException(
          "batch",
          "the batch is "
              + batch
              + "; it must divide the number of samples "
              + samples
              + " evenly");
    }
    if (!(cfgScale >= 0 && cfgScale < Double.POSITIVE_INFINITY)) {
      throw new InvalidSettingsException(
          "cfgScale", "the guidance scale is " + cfgScale + "; it must be 0 or more");
    }
  }

  /** 128 samples in batches of 16, without guidance. */
  public static LikelihoodSettings usual(long seed) {
    return new LikelihoodSettings(USUAL_SAMPLES, USUAL_BATCH, 0, seed);
  }

  /** These settings with another seed. */
  public LikelihoodSettings withSeed(long newSeed) {
    return new LikelihoodSettings(samples, batch, cfgScale, newSeed);
  }
}
