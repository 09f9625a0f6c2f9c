package dev.unmask.model.likelihood;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.unmask.model.likelihood.LikelihoodRun.NoisyRow;
import dev.unmask.model.torch.Argument;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.torch.TorchScriptModule;
import dev.unmask.model.transformer.MaskPredictor;
import dev.unmask.model.transformer.PackedBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * One forward pass for rows of any number of estimates on one model. Log-probabilities are the
 * log-softmax over all columns of the head, as in the reference. One thread at a time.
 */
public final class LikelihoodPass implements AutoCloseable {

  /**
   * What one pass may cost; a single row that costs more runs by itself.
   *
   * @param tokens packed tokens, unconditional copies included
   * @param logits numbers that the head gives: 4 bytes each while the pass lasts
   */
  public record Budget(int tokens, long logits) {
    /** Short enough to stand between two denoising steps, long enough to be worth a pass. */
    public static final Budget USUAL = new Budget(2048, 1L << 25);
  }

  /** What a pass did and cost. */
  public record Outcome(int rows, int packedTokens, int askedRows) {}

  private static final String TEXT =
      """
        def score(self: __torch__.M, z: Tensor, count: int, into: Tensor, scale: Tensor, targets: Tensor) -> Tensor:
          c = torch.narrow(z, 0, 0, count)
          if torch.gt(torch.numel(into), 0):
            u = torch.narrow(z, 0, count, torch.sub(torch.size(z, 0), count))
            g = torch.add(u, torch.mul(torch.sub(torch.index_select(c, 0, into), u), scale))
            c = torch.index_copy(c, 0, into, g)
          t = torch.squeeze(torch.gather(c, 1, torch.unsqueeze(targets, 1)), 1)
          return torch.to(torch.sub(t, torch.logsumexp(c, [1])), 7)
      """;

  /** Rows of one run in this pass. */
  private record Part(LikelihoodRun run, List<NoisyRow> rows) {}

  private final MaskPredictor predictor;
  private final Budget budget;
  private final NDManager manager = TorchRuntime.newManager();
  private final TorchScriptModule module = TorchScriptModule.compile(TEXT);

  public LikelihoodPass(MaskPredictor predictor, Budget budget) {
    this.predictor = predictor;
    this.budget = budget;
  }

  /**
   * Evaluates as many rows as the budget allows, of the first runs first. Nothing is taken unless
   * all of it succeeded.
   *
   * @param runs at least one, none finished
   * @throws IllegalStateException when the network gave numbers that are not finite
   */
  public Outcome step(List<LikelihoodRun> runs) {
    List<Part> parts = parts(runs);
    PackedBatch batch = new PackedBatch();
    List<Integer> targets = new ArrayList<>();
    List<Long> into = new ArrayList<>();
    List<Float> scale = new ArrayList<>();
    for (Part part : parts) {
      for (NoisyRow row : part.rows()) {
        batch.add(row.sequence(), row.asked());
        for (int target : row.targets()) {
          if (part.run().guided()) {
            into.add((long) targets.size());
            scale.add((float) (part.run().cfgScale() + 1));
          }
          targets.add(target);
        }
      }
    }
    for (Part part : parts) {
      if (part.run().guided()) {
        part.rows().forEach(row -> batch.add(part.run().unconditional(row), row.asked()));
      }
    }
    double[] logProbabilities;
    try (NDManager step = manager.newSubManager()) {
      NDArray logits = predictor.logits(step, batch);
      logProbabilities = score(step, logits, targets, into, scale);
    }
    for (double value : logProbabilities) {
      if (Double.isNaN(value)) {
        throw new IllegalStateException("the network's logits are not finite numbers");
      }
    }
    int from = 0;
    int rows = 0;
    for (Part part : parts) {
      for (NoisyRow row : part.rows()) {
        int to = from + row.targets().length;
        part.run().take(row, Arrays.copyOfRange(logProbabilities, from, to));
        from = to;
        rows++;
      }
    }
    return new Outcome(rows, batch.tokens(), batch.askedRows());
  }

  private List<Part> parts(List<LikelihoodRun> runs) {
    List<Part> parts = new ArrayList<>();
    long tokens = 0;
    long logits = 0;
    for (LikelihoodRun run : runs) {
      long copies = run.guided() ? 2 : 1;
      List<NoisyRow> rows = new ArrayList<>();
      int most = (int) Math.max(1, (budget.tokens() - tokens) / (copies * run.length()));
      for (NoisyRow row : run.rows(most)) {
        tokens += copies * run.length();
        logits += copies * row.asked().length * predictor.config().embeddingSize();
        boolean first = parts.isEmpty() && rows.isEmpty();
        if (!first && (tokens > budget.tokens() || logits > budget.logits())) {
          break;
        }
        rows.add(row);
      }
      if (!rows.isEmpty()) {
        parts.add(new Part(run, rows));
      }
      if (tokens >= budget.tokens() || logits >= budget.logits()) {
        break;
      }
    }
    return parts;
  }

  private double[] score(
      NDManager step, NDArray logits, List<Integer> targets, List<Long> into, List<Float> scale) {
    float[] factors = new float[scale.size()];
    for (int i = 0; i < factors.length; i++) {
      factors[i] = scale.get(i);
    }
    return module
        .callOne(
            step,
            "score",
            Argument.of(logits),
            Argument.of((long) targets.size()),
            Argument.of(step.create(into.stream().mapToLong(Long::longValue).toArray())),
            Argument.of(
                step.create(
                    factors, factors.length == 0 ? new Shape(0) : new Shape(factors.length, 1))),
            Argument.of(step.create(targets.stream().mapToLong(Integer::longValue).toArray())))
        .toDoubleArray();
  }

  @Override
  public void close() {
    module.close();
    manager.close();
  }
}
