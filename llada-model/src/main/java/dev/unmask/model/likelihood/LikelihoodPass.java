package dev.unmask.model.likelihood;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.unmask.model.likelihood.LikelihoodRun.NoisyRow;
import dev.unmask.model.torch.Argument;
import dev.unmask.model.torch.Device;
import dev.unmask.model.torch.HostNumbers;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.torch.TorchScriptModule;
import dev.unmask.model.torch.Transfer;
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

    /** The same for a device, where few logits at a time would be many small operations. */
    private static final Budget DEVICE = new Budget(2048, 1L << 26);

    /** What suits a device. */
    public static Budget usual(Device device) {
      return device.isCpu() ? USUAL : DEVICE;
    }
  }

  /** What a pass did and cost. */
  public record Outcome(int rows, int packedTokens, int askedRows) {}

  static final String TEXT =
      """
        def rows(self: __torch__.M, x: Tensor, start: int, count: int) -> Tensor:
          return torch.narrow(x, 0, start, count)
        def guide(self: __torch__.M, c: Tensor, u: Tensor, x: Tensor, n: Tensor, first: int) -> Tensor:
          k = torch.size(u, 0)
          into = torch.narrow(n, 0, first, k)
          scale = torch.unsqueeze(torch.to(torch.narrow(x, 0, torch.add(first, k), k), 6), 1)
          g = torch.add(u, torch.mul(torch.sub(torch.index_select(c, 0, into), u), scale))
          return torch.index_copy(c, 0, into, g)
        def score(self: __torch__.M, z: Tensor, n: Tensor, first: int) -> Tensor:
          targets = torch.narrow(n, 0, first, torch.size(z, 0))
          t = torch.squeeze(torch.gather(z, 1, torch.unsqueeze(targets, 1)), 1)
          return torch.to(torch.sub(t, torch.logsumexp(z, [1])), 7)
      """;

  /** Rows of one run in this pass. */
  private record Part(LikelihoodRun run, List<NoisyRow> rows) {}

  private final MaskPredictor predictor;
  private final Budget budget;
  private final NDManager manager = TorchRuntime.newManager();
  private final TorchScriptModule module = TorchScriptModule.shared(TEXT);
  private final Transfer transfer;

  public LikelihoodPass(MaskPredictor predictor, Budget budget) {
    this.predictor = predictor;
    this.budget = budget;
    this.transfer = new Transfer(predictor.device());
  }

  /** A stretch of rows whose logits exist together, and where its lists were written. */
  private record Stretch(
      int from, int to, int unconditional, int copies, int guidance, int targets) {}

  /**
   * Evaluates as many rows as the budget allows, of the first runs first. Nothing is taken unless
   * all of it succeeded.
   *
   * @param runs at least one, none finished
   * @throws IllegalStateException when the network gave numbers that are not finite
   */
  public Outcome step(List<LikelihoodRun> runs) {
    return step(runs, budget.tokens());
  }

  /**
   * {@link #step(List)} for those who have to be short.
   *
   * @param mostTokens packed tokens, where the budget allows more
   */
  public Outcome step(List<LikelihoodRun> runs, int mostTokens) {
    List<Part> parts = parts(runs, Math.min(mostTokens, budget.tokens()));
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
    HostNumbers numbers = new HostNumbers();
    MaskPredictor.PreparedPass pass = predictor.prepare(batch, numbers);
    List<Stretch> stretches = stretches(asked, numbers);
    double[] logProbabilities;
    try (NDManager step = manager.newSubManager()) {
      HostNumbers.Sent sent = transfer.send(step, numbers);
      NDArray states = pass.run(step, sent);
      List<NDArray> scores = new ArrayList<>();
      for (Stretch stretch : stretches) {
        scores.add(score(step, states, stretch, sent));
      }
      logProbabilities =
          scores.isEmpty() ? new double[0] : transfer.back(step, scores, 0).toDoubleArray();
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
  private List<Part> parts(List<LikelihoodRun> runs, int mostTokens) {
    List<Part> parts = new ArrayList<>();
    long left = mostTokens;
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

  private List<Stretch> stretches(Asked asked, HostNumbers numbers) {
    int most = (int) Math.max(1, budget.logits() / predictor.config().embeddingSize());
    List<Stretch> stretches = new ArrayList<>();
    int unconditional = asked.size();
    for (int from = 0; from < asked.size(); from += most) {
      int to = Math.min(asked.size(), from + most);
      int copies = asked.guided(from, to);
      int guidance = numbers.add(asked.guidedRows(from, to));
      int unusedAsTheyFollow = numbers.add(asked.scales(from, to));
      int targets = numbers.add(asked.targets(from, to));
      stretches.add(new Stretch(from, to, unconditional, copies, guidance, targets));
      unconditional += copies;
    }
    return stretches;
  }

  /** Log-probabilities of a stretch's targets, where the model computes. */
  private NDArray score(NDManager step, NDArray states, Stretch stretch, HostNumbers.Sent sent) {
    try (NDManager passing = step.newSubManager()) {
      NDArray z = head(passing, states, stretch.from(), stretch.to() - stretch.from());
      if (stretch.copies() > 0) {
        z =
            module.callOne(
                passing,
                "guide",
                Argument.of(z),
                Argument.of(head(passing, states, stretch.unconditional(), stretch.copies())),
                Argument.of(sent.reals()),
                Argument.of(sent.wholes()),
                Argument.of((long) stretch.guidance()));
      }
      return module.callOne(
          step,
          "score",
          Argument.of(z),
          Argument.of(sent.wholes()),
          Argument.of((long) stretch.targets()));
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
    double[] scales(int from, int to) {
      return LongStream.of(guidedRows(from, to))
          .mapToDouble(row -> cfgScales.get(from + (int) row) + 1)
          .toArray();
    }
  }

  @Override
  public void close() {
    module.close();
    transfer.close();
    manager.close();
  }
}
