package dev.unmask.model.config;

import org.jspecify.annotations.Nullable;

/**
 * Collects the values of a {@link ModelConfig} by name. Width, layers, heads, vocabulary, context
 * and tokens must be given; the rest begins with what the layout's published models have.
 */
public final class ModelShape {

  private final Layout layout;
  private int width;
  private int layers;
  private int heads;
  private int kvHeads;
  private int headWidth;
  private int mlpWidth;
  private int vocabularySize;
  private int embeddingSize;
  private boolean tiedHead;
  private boolean qkvBias;
  private double ropeTheta = 10_000;
  private boolean ropeInActivationType;
  private double normEpsilon = 1e-5;
  private int contextLength;
  private int logitShift;
  private AttentionMask mask = new AttentionMask.Full();
  private @Nullable SpecialTokens tokens;

  ModelShape(Layout layout) {
    this.layout = layout;
    switch (layout) {
      case LLADA, MMADA -> {}
      case ILLADA -> {
        tiedHead = true;
        ropeInActivationType = true;
      }
      // Both modelling files cast cosines and sines to the type of the activations.
      case DREAM -> {
        ropeInActivationType = true;
        qkvBias = true;
        logitShift = 1;
        ropeTheta = 1_000_000;
        normEpsilon = 1e-6;
      }
      case AUTOREGRESSIVE -> {
        mask = new AttentionMask.Causal();
        logitShift = 1;
      }
      case BLOCK_CAUSAL -> mask = new AttentionMask.BlockCausal(32);
    }
  }

  ModelShape(ModelConfig from) {
    this.layout = from.layout();
    this.width = from.width();
    this.layers = from.layers();
    this.heads = from.heads();
    this.kvHeads = from.kvHeads();
    this.headWidth = from.headWidth();
    this.mlpWidth = from.mlpWidth();
    this.vocabularySize = from.vocabularySize();
    this.embeddingSize = from.embeddingSize();
    this.tiedHead = from.tiedHead();
    this.qkvBias = from.qkvBias();
    this.ropeTheta = from.ropeTheta();
    this.ropeInActivationType = from.ropeInActivationType();
    this.normEpsilon = from.normEpsilon();
    this.contextLength = from.contextLength();
    this.logitShift = from.logitShift();
    this.mask = from.mask();
    this.tokens = from.tokens();
  }

  public ModelShape width(int value) {
    width = value;
    return this;
  }

  public ModelShape layers(int value) {
    layers = value;
    return this;
  }

  public ModelShape heads(int value) {
    heads = value;
    return this;
  }

  /** Unset: as many as heads. */
  public ModelShape kvHeads(int value) {
    kvHeads = value;
    return this;
  }

  /** Unset: width divided by heads. */
  public ModelShape headWidth(int value) {
    headWidth = value;
    return this;
  }

  /** Unset: four times the width. */
  public ModelShape mlpWidth(int value) {
    mlpWidth = value;
    return this;
  }

  public ModelShape vocabularySize(int value) {
    vocabularySize = value;
    return this;
  }

  /** Unset: as many as the vocabulary has. */
  public ModelShape embeddingSize(int value) {
    embeddingSize = value;
    return this;
  }

  public ModelShape tiedHead(boolean value) {
    tiedHead = value;
    return this;
  }

  public ModelShape qkvBias(boolean value) {
    qkvBias = value;
    return this;
  }

  public ModelShape ropeTheta(double value) {
    ropeTheta = value;
    return this;
  }

  public ModelShape ropeInActivationType(boolean value) {
    ropeInActivationType = value;
    return this;
  }

  public ModelShape normEpsilon(double value) {
    normEpsilon = value;
    return this;
  }

  public ModelShape contextLength(int value) {
    contextLength = value;
    return this;
  }

  public ModelShape logitShift(int value) {
    logitShift = value;
    return this;
  }

  public ModelShape mask(AttentionMask value) {
    mask = value;
    return this;
  }

  public ModelShape tokens(SpecialTokens value) {
    tokens = value;
    return this;
  }

  /** {@link #tokens(SpecialTokens)} by the ids of mask, end (which also pads) and end of turn. */
  public ModelShape tokens(int maskId, int eos, int eot) {
    return tokens(new SpecialTokens(maskId, eos, eos, eot));
  }

  /**
   * The whole.
   *
   * @throws IllegalArgumentException when a value is missing or contradicts another
   */
  public ModelConfig build() {
    if (tokens == null) {
      throw new IllegalArgumentException("the special tokens are missing");
    }
    int given = Math.max(heads, 1);
    return new ModelConfig(
        layout,
        width,
        layers,
        heads,
        kvHeads == 0 ? heads : kvHeads,
        headWidth == 0 ? width / given : headWidth,
        mlpWidth == 0 ? 4 * width : mlpWidth,
        vocabularySize,
        embeddingSize == 0 ? vocabularySize : embeddingSize,
        tiedHead,
        qkvBias,
        ropeTheta,
        ropeInActivationType,
        normEpsilon,
        contextLength,
        logitShift,
        mask,
        tokens);
  }
}
