package dev.unmask.model.likelihood;

import dev.unmask.model.config.AttentionMask;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.transformer.LoadedAdapter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * One estimate in progress: (1/n) sum over rows of (L / masked) sum over masked slots of log
 * p(token | prompt, the slots left).
 *
 * <p>An autoregressive model needs no estimate: one row without masks gives the log-probability of
 * each token given those before it, and their sum is exact.
 *
 * <p>Drive it with {@link #rows}, a forward pass, {@link #take}, until {@link #finished}; that is
 * what {@link LikelihoodPass} does. Rows are made when they are asked for, so memory does not grow
 * with the number of samples (one number a row aside).
 */
public final class LikelihoodRun {

  /**
   * One input of the network.
   *
   * @param sequence prompt and masked answer
   * @param asked positions in {@code sequence} of the slots that are scored, ascending
   * @param targets the true token of each
   */
  @SuppressWarnings("ArrayRecordComponent") // Never compared; read only.
  public record NoisyRow(int[] sequence, int[] asked, int[] targets, double weight) {}

  private final LikelihoodTask task;
  private final @Nullable LoadedAdapter adapter;
  private final int mask;
  private final boolean autoregressive;
  private final int samples;
  private final double[] rowValues;
  private final double[] slotSums;
  private int done;

  /**
   * Begins an estimate.
   *
   * @throws dev.unmask.model.sampling.InvalidSettingsException when the model cannot score the task
   */
  public LikelihoodRun(LikelihoodTask task, ModelConfig config) {
    this(task, config, null);
  }

  /**
   * The same with an adapter beside the model.
   *
   * @param config as the adapted model has it
   */
  public LikelihoodRun(LikelihoodTask task, ModelConfig config, @Nullable LoadedAdapter adapter) {
    task.check(config);
    this.task = task;
    this.adapter = adapter;
    this.mask = config.tokens().mask();
    this.autoregressive = config.mask() instanceof AttentionMask.Causal;
    this.samples = exact() ? 1 : task.settings().samples();
    this.rowValues = new double[samples];
    this.slotSums = new double[task.answerIds().length];
  }

  /** Whether every row was evaluated. */
  public boolean finished() {
    return done == samples;
  }

  /** Whether rows need their unconditional copy too. */
  public boolean guided() {
    return task.settings().cfgScale() > 0;
  }

  /** The guidance scale; 0 is off. */
  public double cfgScale() {
    return task.settings().cfgScale();
  }

  /** Tokens of a row: those of prompt and answer, and virtual ones. */
  public int length() {
    return task.promptIds().length
        + task.answerIds().length
        + (adapter == null ? 0 : adapter.virtualTokens());
  }

  /** What stands beside the model; null for the model alone. */
  @Nullable LoadedAdapter adapter() {
    return adapter;
  }

  /** Rows evaluated so far. */
  public int done() {
    return done;
  }

  /** At most {@code most} of the rows that come next, at least one unless {@link #finished}. */
  public List<NoisyRow> rows(int most) {
    List<NoisyRow> rows = new ArrayList<>();
    for (int row = done; row < samples && rows.size() < Math.max(1, most); row++) {
      rows.add(row(row));
    }
    return rows;
  }

  /** A row's sequence with the prompt masked, for guidance. */
  public int[] unconditional(NoisyRow row) {
    int[] masked = row.sequence().clone();
    Arrays.fill(masked, 0, task.promptIds().length, mask);
    return masked;
  }

  /**
   * Takes what the network says about the row that comes next.
   *
   * @param logProbabilities of each target, in nats
   */
  public void take(NoisyRow row, double[] logProbabilities) {
    int prompt = task.promptIds().length;
    double sum = 0;
    for (int i = 0; i < logProbabilities.length; i++) {
      double part = row.weight() * logProbabilities[i];
      slotSums[row.asked()[i] - prompt] += part;
      sum += part;
    }
    rowValues[done++] = sum;
  }

  /** The estimate over the rows evaluated so far; at least one. */
  public LikelihoodResult result() {
    double[] perToken = new double[slotSums.length];
    double total = 0;
    for (int i = 0; i < perToken.length; i++) {
      perToken[i] = slotSums[i] / done;
      total += perToken[i];
    }
    return new LikelihoodResult(total, standardError(), done, perToken);
  }

  /** Whether one row says it all. A single slot is the one that every row would mask. */
  private boolean exact() {
    return autoregressive || task.answerIds().length == 1;
  }

  private NoisyRow row(int index) {
    int[] prompt = task.promptIds();
    int[] answer = task.answerIds();
    MaskDraws.MaskedRow masked =
        autoregressive
            ? new MaskDraws.MaskedRow(IntStream.range(0, answer.length).toArray(), 1)
            : task.draws().row(index, task.settings().batch(), answer.length);
    int[] sequence = Arrays.copyOf(prompt, prompt.length + answer.length);
    System.arraycopy(answer, 0, sequence, prompt.length, answer.length);
    int[] asked = new int[masked.slots().length];
    int[] targets = new int[asked.length];
    for (int i = 0; i < asked.length; i++) {
      int slot = masked.slots()[i];
      asked[i] = prompt.length + slot;
      targets[i] = answer[slot];
      if (!autoregressive) {
        sequence[asked[i]] = mask;
      }
    }
    return new NoisyRow(sequence, asked, targets, masked.weight());
  }

  private double standardError() {
    if (exact()) {
      return 0;
    }
    int batch = task.settings().batch();
    int batches = done / batch;
    if (batches < 2) {
      return spread(Arrays.copyOf(rowValues, done));
    }
    double[] means = new double[batches];
    for (int row = 0; row < batches * batch; row++) {
      means[row / batch] += rowValues[row] / batch;
    }
    return spread(means);
  }

  /** The standard error of the mean of independent values; NaN for fewer than two. */
  private static double spread(double[] values) {
    double mean = Arrays.stream(values).average().orElseThrow();
    double squares = Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum();
    return values.length < 2
        ? Double.NaN
        : Math.sqrt(squares / (values.length - 1) / values.length);
  }
}
