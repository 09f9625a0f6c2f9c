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
import dev.unmask.model.transformer.PackedBatch.Segment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;

/**
 * One forward pass for rows of any number of estimates on one model. Log-probabilities are the
 * log-softmax over all columns of the head, as in the reference. One thread at a time.
 */
public final class LikelihoodPass implements AutoCloseable {

  /**
   * What one pass may cost.
   *
   * @param tokens packed tokens, unconditional copies included; a longer row runs by itself
   * @param logits numbers of the head that exist at once, 4 bytes each, doubled by guidance
   */
  public record Budget(int tokens, long logits) {
    /** Short enough to stand between two denoising steps, long enough to be worth a pass. */
    public static final Budget USUAL = new Budget(2048, 1L << 22);
  }

  /** What a pass did and cost. */
  public record Outcome(int rows, int packedTokens, int askedRows) {}

  private static final String TEXT =
      """
        def rows(self: __torch__.M, x: Tensor, start: int, count: int) -> Tensor:
          return torch.narrow(x, 0, start, count)
        def guide(self: __torch__.M, c: Tensor, u: Tensor, into: Tensor, scale: Tensor) -> Tensor:
          g = torch.add(u, torch.mul(torch.sub(torch.index_select(c, 0, into), u), scale))
          return torch.index_copy(c, 0, into, g)
        def score(self: __torch__.M, z: Tensor, targets: Tensor) -> Tensor:
          t = torch.squeeze(torch.gather(z, 1, torch.unsqueeze(targets, 1)), 1)
          return torch.to(torch.sub(t, torch.logsumexp(z, [1])), 7)
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
    Asked asked = new Asked();
    for (Part part : parts) {
      for (NoisyRow row : part.rows()) {
        batch.add(Segment.whole(row.sequence(), row.asked(), part.run().adapter()));
        asked.add(row.targets(), part.run().cfgScale());
      }
    }
    // Unconditional copies stand behind all others, in the same order.
    for (Part part : parts) {
      if (part.run().guided()) {
        for (NoisyRow row : part.rows()) {
          batch.add(
              Segment.whole(part.run().unconditional(row), row.asked(), part.run().adapter()));
        }
      }
    }
    double[] logProbabilities = new double[asked.size()];
    try (NDManager step = manager.newSubManager()) {
      NDArray states = predictor.states(step, batch);
      int chunk = (int) Math.max(1, budget.logits() / predictor.config().embeddingSize());
      int guided = asked.size();
      for (int from = 0; from < asked.size(); from += chunk) {
        int to = Math.min(asked.size(), from + chunk);
        int copies = asked.guided(from, to);
        double[] scored = score(step, states, asked, from, to, guided, copies);
        System.arraycopy(scored, 0, logProbabilities, from, scored.length);
        guided += copies;
      }
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

  /** As many rows as the budget allows, at least one. */
  private List<Part> parts(List<LikelihoodRun> runs) {
    List<Part> parts = new ArrayList<>();
    long left = budget.tokens();
    for (LikelihoodRun run : runs) {
      long cost = (run.guided() ? 2L : 1L) * run.length();
      if (left < cost && !parts.isEmpty()) {
        break;
      }
      List<NoisyRow> rows = run.rows((int) Math.max(1, left / cost));
      parts.add(new Part(run, rows));
      left -= cost * rows.size();
    }
    return parts;
  }

  /**
   * Log-probabilities of the targets from {@code from} to {@code to}.
   *
   * @param guided the row of {@code states} with the first unconditional copy among them
   * @param copies how many of them have one
   */
  private double[] score(
      NDManager step, NDArray states, Asked asked, int from, int to, int guided, int copies) {
    try (NDManager chunk = step.newSubManager()) {
      NDArray z = head(chunk, states, from, to - from);
      if (copies > 0) {
        z =
            module.callOne(
                chunk,
                "guide",
                Argument.of(z),
                Argument.of(head(chunk, states, guided, copies)),
                Argument.of(chunk.create(asked.guidedRows(from, to))),
                Argument.of(chunk.create(asked.scales(from, to), new Shape(copies, 1))));
      }
      return module
          .callOne(
              chunk, "score", Argument.of(z), Argument.of(chunk.create(asked.targets(from, to))))
          .toDoubleArray();
    }
  }

  private NDArray head(NDManager owner, NDArray states, int start, int count) {
    return predictor.head(
        owner,
        module.callOne(
            owner,
            "rows",
            Argument.of(states),
            Argument.of((long) start),
            Argument.of((long) count)));
  }

  /** The slots of a pass, in the order of its rows. */
  private static final class Asked {
    private final List<Integer> targets = new ArrayList<>();
    private final List<Double> cfgScales = new ArrayList<>();

    void add(int[] tokens, double cfgScale) {
      for (int token : tokens) {
        targets.add(token);
        cfgScales.add(cfgScale);
      }
    }

    int size() {
      return targets.size();
    }

    long[] targets(int from, int to) {
      return targets.subList(from, to).stream().mapToLong(Integer::longValue).toArray();
    }

    int guided(int from, int to) {
      return guidedRows(from, to).length;
    }

    /** Which of them are guided, counted from {@code from}. */
    long[] guidedRows(int from, int to) {
      return LongStream.range(0, (long) to - from)
          .filter(i -> cfgScales.get(from + (int) i) > 0)
          .toArray();
    }

    /** Guidance plus one of those that are guided. */
    float[] scales(int from, int to) {
      long[] rows = guidedRows(from, to);
      float[] scales = new float[rows.length];
      for (int i = 0; i < scales.length; i++) {
        scales[i] = (float) (cfgScales.get(from + (int) rows[i]) + 1);
      }
      return scales;
    }
  }

  @Override
  public void close() {
    module.close();
    manager.close();
  }
}
