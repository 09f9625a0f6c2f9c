package dev.unmask.model.engine;

import dev.unmask.model.config.AttentionMask;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.inspect.Costs;
import dev.unmask.model.likelihood.LikelihoodTask;
import dev.unmask.model.sampling.Caching;
import dev.unmask.model.sampling.Decoding;
import dev.unmask.model.sampling.GenerationSettings;

/**
 * What a task will cost, known before it runs.
 *
 * @param steps forward passes; where a decoding takes as many as it needs, half a slot's worth each
 * @param mostTokens packed tokens of its largest pass
 * @param meanTokens packed tokens of its usual pass: less than the most with a cache
 * @param cacheBytes keys and values that it keeps between passes
 * @param passBytes activations and states of its largest pass
 * @param flops of all passes together
 */
record TaskCost(
    long steps, long mostTokens, long meanTokens, long cacheBytes, long passBytes, double flops) {

  /**
   * Of a generation that was found to fit the model's context.
   *
   * @param numberBytes of the compute type
   * @param virtualTokens that stand before its row
   */
  static TaskCost of(GenerationTask task, ModelConfig config, int numberBytes, int virtualTokens) {
    Costs costs = new Costs(config);
    GenerationSettings settings = task.settings();
    int canvas = settings.genLength();
    long length = virtualTokens + task.promptIds().length + (task.infill() ? 0L : canvas);
    long copies = settings.cfgScale() > 0 ? 2 : 1;
    long lines = 1L + settings.draftSteps();
    long steps = steps(settings);
    // Blocks of a grid may be longer than those of the settings.
    long block =
        config.mask() instanceof AttentionMask.BlockCausal grid
            ? grid.blockLength()
            : settings.blockLength();
    long rows = Math.min(block, canvas) * copies * lines;
    boolean cached =
        settings.caching().kind() != Caching.Kind.NONE && settings.caching().refreshInterval() != 1;
    long most = length * copies * lines;
    long mean = cached ? copies * cachedMean(settings, length, steps) : most;
    double perPass =
        (double) mean * costs.blockFlopsPerToken()
            + (double) mean * length * costs.attentionFlopsPerTokenAndKey()
            + (double) rows * costs.headFlopsPerSlot();
    return new TaskCost(
        steps,
        most,
        mean,
        cached ? copies * length * costs.cacheBytesPerToken(numberBytes) : 0,
        most * costs.activationBytesPerToken(numberBytes) + rows * config.width() * numberBytes,
        steps * perPass);
  }

  /** Of an estimate: rows of the whole text, as many as its samples. */
  static TaskCost of(LikelihoodTask task, ModelConfig config, int numberBytes, int virtualTokens) {
    Costs costs = new Costs(config);
    long copies = task.settings().cfgScale() > 0 ? 2 : 1;
    long length = (long) virtualTokens + task.promptIds().length + task.answerIds().length;
    long most = copies * length;
    long rows = copies * task.answerIds().length;
    double perRow =
        (double) most * costs.blockFlopsPerToken()
            + (double) most * length * costs.attentionFlopsPerTokenAndKey()
            + (double) rows * costs.headFlopsPerSlot();
    return new TaskCost(
        task.settings().samples(),
        most,
        most,
        0,
        most * costs.activationBytesPerToken(numberBytes) + rows * config.width() * numberBytes,
        task.settings().samples() * perRow);
  }

  private static long steps(GenerationSettings settings) {
    return switch (settings.decoding()) {
      case Decoding.Quota quota -> Math.min(quota.steps(), settings.genLength());
      case Decoding.Dream dream -> Math.min(dream.steps(), settings.genLength());
      case Decoding.Threshold t -> half(settings);
      case Decoding.Factor f -> half(settings);
      case Decoding.EntropyBound e -> half(settings);
    };
  }

  private static long half(GenerationSettings settings) {
    return Math.max(settings.blocks(), settings.genLength() / 2);
  }

  /** Whole rows at the start of a block and at refreshes; the block, or what follows, between. */
  private static long cachedMean(GenerationSettings settings, long length, long steps) {
    long passes = Math.max(1, steps / settings.blocks());
    int interval = settings.caching().refreshInterval();
    long whole = interval == 0 ? 1 : (passes + interval - 1) / interval;
    long part =
        settings.caching().kind() == Caching.Kind.DUAL
            ? settings.blockLength()
            : settings.blockLength() + settings.genLength() / 2;
    return (whole * length + (passes - whole) * Math.min(part, length)) / passes;
  }
}
