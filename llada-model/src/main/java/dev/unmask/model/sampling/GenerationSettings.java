package dev.unmask.model.sampling;

import java.util.OptionalInt;

/**
 * How one canvas is filled. Make one with {@link #builder}.
 *
 * @param genLength slots of the canvas; a whole number of blocks
 * @param blockLength slots of a block; a block is finished before the next begins
 * @param temperature 0 takes the most likely token; above, Gumbel noise of that scale is added
 * @param topP Dream's sampler only: tokens are drawn from the fewest whose probabilities reach it;
 *     1 is off
 * @param topK Dream's sampler only: tokens are drawn from the so many most likely; 0 is off
 * @param cfgScale classifier-free guidance; 0 is off
 * @param seed the request's random stream depends on nothing else
 * @param lookaheadBlocks how many blocks behind the current one exist while it is filled; absent,
 *     all of the canvas as in the reference. A small number makes "up to so many tokens" cheap,
 *     since the unused canvas is never computed, but the network sees a shorter canvas.
 * @param draftSteps how many steps are guessed ahead from the last predictions and forwarded along
 *     with the next one; guesses that prove right are taken over, so that the tokens are the same
 *     in fewer forward passes one after the other, at the price of more rows in each (FreeDave,
 *     arXiv 2510.00294); 0 is off
 * @param eosEarlyExit stop when the end of the answer and all before it are committed
 * @param logitsEosInf forbid the EOS token
 * @param confidenceEosEotInf commit slots that predict EOS or EoT last. The reference does this to
 *     both tokens only at temperature 0; here it means that at every temperature.
 */
public record GenerationSettings(
    int genLength,
    int blockLength,
    Decoding decoding,
    Remasking remasking,
    double temperature,
    double topP,
    int topK,
    double cfgScale,
    long seed,
    Caching caching,
    OptionalInt lookaheadBlocks,
    int draftSteps,
    boolean eosEarlyExit,
    boolean logitsEosInf,
    boolean confidenceEosEotInf) {

  /** Above it nothing of the model is left in a draw. */
  public static final double MAX_TEMPERATURE = 4;

  /** More guesses than these are never right often enough. */
  public static final int MAX_DRAFT_STEPS = 16;

  /**
   * Checks every component.
   *
   * @throws InvalidSettingsException naming the first one at fault
   */
  public GenerationSettings {
    SettingsCheck.canvas(genLength, blockLength);
    SettingsCheck.decoding(decoding, remasking, genLength / blockLength);
    SettingsCheck.choice(decoding, temperature, topP, topK, cfgScale);
    SettingsCheck.passes(caching, lookaheadBlocks);
    SettingsCheck.drafts(draftSteps, decoding, remasking, caching);
    SettingsCheck.answerEnd(decoding, confidenceEosEotInf);
  }

  /** Greedy defaults: temperature 0, no guidance, no cache, early exit on. */
  public static GenerationSettings greedy(int genLength, int blockLength, Decoding decoding) {
    return builder(genLength, blockLength).decoding(decoding).build();
  }

  /** One token a step, greedy, no guidance, no cache, early exit on, until told otherwise. */
  public static Builder builder(int genLength, int blockLength) {
    return new Builder(genLength, blockLength);
  }

  /** A builder that starts from these settings. */
  public Builder toBuilder() {
    Builder builder = new Builder(genLength, blockLength);
    builder.decoding = decoding;
    builder.remasking = remasking;
    builder.temperature = temperature;
    builder.topP = topP;
    builder.topK = topK;
    builder.cfgScale = cfgScale;
    builder.seed = seed;
    builder.caching = caching;
    builder.lookaheadBlocks = lookaheadBlocks;
    builder.draftSteps = draftSteps;
    builder.eosEarlyExit = eosEarlyExit;
    builder.logitsEosInf = logitsEosInf;
    builder.confidenceEosEotInf = confidenceEosEotInf;
    return builder;
  }

  public int blocks() {
    return genLength / blockLength;
  }

  /** Collects settings; nothing is checked before {@link #build}. */
  public static final class Builder {
    private final int genLength;
    private final int blockLength;
    private Decoding decoding;
    private Remasking remasking = Remasking.LOW_CONFIDENCE;
    private double temperature;
    private double topP = 1;
    private int topK;
    private double cfgScale;
    private long seed;
    private Caching caching = Caching.NONE;
    private OptionalInt lookaheadBlocks = OptionalInt.empty();
    private int draftSteps;
    private boolean eosEarlyExit = true;
    private boolean logitsEosInf;
    private boolean confidenceEosEotInf;

    private Builder(int genLength, int blockLength) {
      this.genLength = genLength;
      this.blockLength = blockLength;
      this.decoding = new Decoding.Quota(genLength);
    }

    /** As given to {@link GenerationSettings#builder}. */
    public int genLength() {
      return genLength;
    }

    public Builder decoding(Decoding value) {
      decoding = value;
      return this;
    }

    /** {@link Decoding.Quota}. */
    public Builder steps(int value) {
      return decoding(new Decoding.Quota(value));
    }

    /** {@link Decoding.Threshold}. */
    public Builder threshold(double value) {
      return decoding(new Decoding.Threshold(value));
    }

    /** {@link Decoding.Factor}. */
    public Builder factor(double value) {
      return decoding(new Decoding.Factor(value));
    }

    public Builder remasking(Remasking value) {
      remasking = value;
      return this;
    }

    public Builder temperature(double value) {
      temperature = value;
      return this;
    }

    public Builder topP(double value) {
      topP = value;
      return this;
    }

    public Builder topK(int value) {
      topK = value;
      return this;
    }

    public Builder cfgScale(double value) {
      cfgScale = value;
      return this;
    }

    public Builder seed(long value) {
      seed = value;
      return this;
    }

    public Builder caching(Caching value) {
      caching = value;
      return this;
    }

    public Builder lookaheadBlocks(int value) {
      lookaheadBlocks = OptionalInt.of(value);
      return this;
    }

    public Builder draftSteps(int value) {
      draftSteps = value;
      return this;
    }

    public Builder eosEarlyExit(boolean value) {
      eosEarlyExit = value;
      return this;
    }

    public Builder logitsEosInf(boolean value) {
      logitsEosInf = value;
      return this;
    }

    public Builder confidenceEosEotInf(boolean value) {
      confidenceEosEotInf = value;
      return this;
    }

    /**
     * The settings.
     *
     * @throws InvalidSettingsException naming the first one at fault
     */
    public GenerationSettings build() {
      return new GenerationSettings(
          genLength,
          blockLength,
          decoding,
          remasking,
          temperature,
          topP,
          topK,
          cfgScale,
          seed,
          caching,
          lookaheadBlocks,
          draftSteps,
          eosEarlyExit,
          logitsEosInf,
          confidenceEosEotInf);
    }
  }
}
