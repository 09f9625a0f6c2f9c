package dev.unmask.sft.recipe;

/**
 * A learning rate that rises over the first steps and then follows a curve to a fraction of the
 * peak.
 *
 * @param peak the highest rate
 * @param warmUpSteps steps of the linear rise
 * @param finalFraction what is left of the peak at the end; unused by {@link Curve#CONSTANT}
 * @param fall the share of the run in which {@link Curve#STABLE} falls
 */
public record LearningRate(
    double peak, long warmUpSteps, Curve curve, double finalFraction, double fall) {

  /** LLaDA's fall when it is fine-tuned: the last tenth (arXiv 2502.09992, section 2.3). */
  public static final double LAST_TENTH = 0.1;

  /** What comes after the rise. */
  public enum Curve {
    CONSTANT,
    COSINE,
    LINEAR,
    /** Constant, then linear over the last part of the run: LLaDA's own shape. */
    STABLE
  }

  /**
   * The rate of a step.
   *
   * @param step from 0
   * @param progress the share of the run that is over, 0 to 1
   */
  public double at(long step, double progress) {
    double rise = warmUpSteps <= 0 ? 1 : Math.min(1, (step + 1) / (double) warmUpSteps);
    double p = Math.clamp(progress, 0, 1);
    double left =
        switch (curve) {
          case CONSTANT -> 1;
          case COSINE -> mix(0.5 * (1 + Math.cos(Math.PI * p)));
          case LINEAR -> mix(1 - p);
          case STABLE -> mix(Math.min(1, (1 - p) / fall));
        };
    return peak * Math.min(rise, left);
  }

  private double mix(double share) {
    return finalFraction + (1 - finalFraction) * share;
  }
}
