package dev.unmask.model.likelihood;

import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.sampling.InvalidSettingsException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The likelihood bound of a whole document, however long.
 *
 * <p>The factorisation: a document that fits the context is one answer without a prompt. A longer
 * one is cut into windows of at most {@link Cut#window} tokens, and its score is the sum of the
 * windows' bounds, each given the {@link Cut#before} tokens in front of it (fewer at the
 * beginning): log p(d) is at least the sum of bounds on log p(window | everything before), here
 * with the context cut off at {@link Cut#before} tokens. Inside a window no order is assumed. Other
 * windows give another number, so state them with it.
 *
 * @param logLikelihood in nats
 * @param standardError of it; windows are independent
 * @param tokens of the document
 * @param windows that it was cut into
 */
public record DocumentLikelihood(
    double logLikelihood, double standardError, int tokens, int windows) {

  /**
   * How a long document is cut.
   *
   * @param window most tokens scored at once
   * @param before most tokens of earlier text that they are given
   */
  public record Cut(int window, int before) {

    /**
     * Checks both.
     *
     * @throws InvalidSettingsException naming the one at fault
     */
    public Cut {
      if (window < 1) {
        throw new InvalidSettingsException(
            "window", "the window has " + window + " tokens; it must have at least 1");
      }
      if (before < 0) {
        throw new InvalidSettingsException(
            "before", "the text before a window has " + before + " tokens; 0 is the least");
      }
    }

    /** Half of the model's context for the window, half for what is before it. */
    public static Cut half(ModelConfig config) {
      int before = config.contextLength() / 2;
      return new Cut(config.contextLength() - before, before);
    }
  }

  /**
   * The tasks whose results {@link #sum} adds up. Each has masks of its own.
   *
   * @param document at least one token
   * @param cut ignored when the document fits the context
   * @throws InvalidSettingsException when the document is empty or a window does not fit the
   *     context
   */
  public static List<LikelihoodTask> tasks(
      int[] document, Cut cut, LikelihoodSettings settings, ModelConfig config) {
    if (document.length == 0) {
      throw new InvalidSettingsException(
          "document", "the document is empty; its likelihood needs at least one token");
    }
    if (document.length <= config.contextLength()) {
      return List.of(new LikelihoodTask(new int[0], document, settings));
    }
    if ((long) cut.window() + cut.before() > config.contextLength()) {
      throw new InvalidSettingsException(
          "window",
          "a window of "
              + cut.window()
              + " tokens and "
              + cut.before()
              + " before it are more than this model's "
              + config.contextLength());
    }
    List<LikelihoodTask> tasks = new ArrayList<>();
    for (int from = 0; from < document.length; from += cut.window()) {
      int to = Math.min(document.length, from + cut.window());
      tasks.add(
          new LikelihoodTask(
              Arrays.copyOfRange(document, Math.max(0, from - cut.before()), from),
              Arrays.copyOfRange(document, from, to),
              settings.withSeed(settings.seed() + tasks.size())));
    }
    return List.copyOf(tasks);
  }

  /** Adds up the results of {@link #tasks}. */
  public static DocumentLikelihood sum(List<LikelihoodResult> results) {
    double total = 0;
    double variance = 0;
    int tokens = 0;
    for (LikelihoodResult result : results) {
      total += result.logLikelihood();
      variance += result.standardError() * result.standardError();
      tokens += result.perToken().length;
    }
    return new DocumentLikelihood(total, Math.sqrt(variance), tokens, results.size());
  }

  /** Negative log-likelihood per token in nats. */
  public double natsPerToken() {
    return -logLikelihood / tokens;
  }

  /** Negative log-likelihood per token in bits. */
  public double bitsPerToken() {
    return natsPerToken() / Math.log(2);
  }

  /** Negative log-likelihood per byte of the text in bits: comparable between tokenizers. */
  public double bitsPerByte(long utf8Bytes) {
    return -logLikelihood / Math.log(2) / utf8Bytes;
  }

  /** exp of {@link #natsPerToken}; an upper bound on the model's, up to the standard error. */
  public double perplexity() {
    return Math.exp(natsPerToken());
  }
}
