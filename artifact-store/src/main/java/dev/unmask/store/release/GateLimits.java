package dev.unmask.store.release;

/**
 * What weights may cost at most.
 *
 * @param nllRise nats per probe token above the reference
 * @param emptyShare part of the probes that may be answered with nothing, 0 to 1
 * @param stepRatio a step's time over the reference's
 * @param stepSlackMs a step may be this much slower whatever the ratio is: below it there is noise
 */
public record GateLimits(double nllRise, double emptyShare, double stepRatio, double stepSlackMs) {

  /**
   * A model that learned a narrow task forgets some of the probes, and is meant to; one that broke
   * knows less than nothing. Between the two lie several nats.
   */
  public static final GateLimits USUAL = new GateLimits(4, 0.5, 1.5, 20);

  /**
   * @throws IllegalArgumentException with a sentence when a limit makes no sense
   */
  public GateLimits {
    if (!(nllRise >= 0) || !(stepRatio >= 1) || !(stepSlackMs >= 0)) {
      throw new IllegalArgumentException(
          "gates allow a rise of at least 0 nats, a step ratio of at least 1 and a slack of at"
              + " least 0 ms");
    }
    if (!(emptyShare >= 0 && emptyShare <= 1)) {
      throw new IllegalArgumentException(
          "the share of empty answers is " + emptyShare + "; it is from 0 to 1");
    }
  }
}
