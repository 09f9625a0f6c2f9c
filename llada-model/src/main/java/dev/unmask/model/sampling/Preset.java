package dev.unmask.model.sampling;

/** Named settings for those who do not want to choose. */
public enum Preset {
  /** Parallel decoding over a dual cache. */
  FAST(
      "fast: every slot of 0.9 confidence or more is committed at once, and every second step"
          + " computes only the current block again (dual cache); the most tokens a second, answers"
          + " differ from the reference's now and then"),
  /** Parallel decoding without a cache. */
  BALANCED(
      "balanced: every slot of 0.9 confidence or more is committed at once, each step computes the"
          + " whole canvas; several times fewer steps than the reference at nearly its quality"),
  /** The reference sampler. */
  QUALITY(
      "quality: the reference sampler, one token a step, the most confident first, nothing kept"
          + " between steps; the slowest and the yardstick");

  private static final double THRESHOLD = 0.9;

  /**
   * Measured on unmask-mini, 400 probes: as many right answers as without a cache, where a cache
   * that is never renewed within a block loses more than a point (docs/performance.md).
   */
  private static final int REFRESH = 2;

  private final String explanation;

  Preset(String explanation) {
    this.explanation = explanation;
  }

  /** One sentence for users. */
  public String explanation() {
    return explanation;
  }

  /** Sets decoding, remasking and caching of {@code settings}; the canvas must be set before. */
  public GenerationSettings.Builder applyTo(GenerationSettings.Builder settings) {
    settings.remasking(Remasking.LOW_CONFIDENCE);
    return switch (this) {
      case FAST -> settings.threshold(THRESHOLD).caching(Caching.dual(REFRESH));
      case BALANCED -> settings.threshold(THRESHOLD).caching(Caching.NONE);
      case QUALITY -> settings.steps(settings.genLength()).caching(Caching.NONE);
    };
  }
}
