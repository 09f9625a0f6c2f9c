package dev.unmask.model.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.config.SpecialTokens;
import dev.unmask.model.torch.Argument;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.torch.TorchScriptModule;
import dev.unmask.model.training.AdamW;
import dev.unmask.model.training.LoraTargets;
import dev.unmask.model.training.LossValue;
import dev.unmask.model.training.LossWeight;
import dev.unmask.model.training.MaskedBatch;
import dev.unmask.model.training.Method;
import dev.unmask.model.training.TrainableModel;
import dev.unmask.model.transformer.TransformerText.Compute;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;

/**
 * {@code unmask bench train} in a process of its own: updates of a model with random weights beside
 * the matrix products that they are made of; prints one JSON object. Arguments in this order: size
 * (14m or 135m), method (full or lora), rows of 256 tokens, rounds, keep or recompute (what becomes
 * of activations), float32 or bfloat16 (what products are computed in). The command line checks
 * them.
 *
 * <p>Half of the tokens are masked. FLOPs of an update are three times those of its forward pass
 * when all weights learn, and twice (with the adapters' own left out) when the base is frozen: its
 * weights need no gradient. What is computed again does not count.
 */
public final class TrainBench {

  private static final int LENGTH = 256;
  private static final int WARM_UP = 2;
  private static final int RANK = 8;

  /** One forward and two backward products of a linear layer. */
  private static final String PRODUCTS =
      """
        def products(self: __torch__.M, x: Tensor, w: Tensor, g: Tensor) -> Tensor:
          y = torch.linear(x, w)
          d = torch.mm(g, w)
          e = torch.mm(torch.t(g), x)
          s = torch.add(torch.select(torch.select(y, 0, 0), 0, 0), torch.select(torch.select(d, 0, 0), 0, 0))
          return torch.add(s, torch.select(torch.select(e, 0, 0), 0, 0))
        def random(self: __torch__.M, rows: int, columns: int) -> Tensor:
          return torch.to(torch.rand([rows, columns], dtype=6), $DTYPE)
      """;

  private final ModelConfig config;
  private final boolean lora;
  private final int rows;
  private final int rounds;
  private final boolean recompute;
  private final Compute compute;

  private TrainBench(
      ModelConfig config, boolean lora, int rows, int rounds, boolean recompute, Compute compute) {
    this.config = config;
    this.lora = lora;
    this.rows = rows;
    this.rounds = rounds;
    this.recompute = recompute;
    this.compute = compute;
  }

  /** See the class. Exit code 0, or 1 with a sentence. */
  public static void main(String[] args) {
    ModelConfig config =
        switch (args[0]) {
          case "135m" -> BenchSize.M135.config();
          default -> fourteenMillion();
        };
    try {
      TrainBench bench =
          new TrainBench(
              config,
              args[1].equals("lora"),
              Integer.parseInt(args[2]),
              Integer.parseInt(args[3]),
              args[4].equals("recompute"),
              args[5].equals("bfloat16") ? Compute.BFLOAT16 : Compute.FLOAT32);
      ObjectNode report = new ObjectMapper().createObjectNode();
      report
          .putObject("settings")
          .put("size", args[0])
          .put("method", args[1])
          .put("rows", bench.rows)
          .put("activations", bench.recompute ? "recomputed" : "kept")
          .put("length", LENGTH)
          .put("precision", bench.compute == Compute.BFLOAT16 ? "bf16" : "f32")
          .put("intra_op_threads", TorchRuntime.intraOpThreads())
          .put("clock", ThreadClock.label());
      bench.run(report);
      System.out.println(report);
    } catch (InvalidModelException e) {
      System.err.println("unmask: " + e.getMessage());
      System.exit(1);
      return;
    }
    System.exit(0);
  }

  private static ModelConfig fourteenMillion() {
    return ModelConfig.shape()
        .width(384)
        .layers(6)
        .heads(6)
        .mlpWidth(1024)
        .vocabularySize(4096)
        .tiedHead(false)
        .ropeTheta(500_000)
        .contextLength(1024)
        .tokens(new SpecialTokens(4095, 4094, 4094, SpecialTokens.NONE))
        .build();
  }

  private void run(ObjectNode report) throws InvalidModelException {
    Method method =
        lora ? new Method.Lora(RANK, 2 * RANK, 0, List.of(LoraTargets.ALL)) : new Method.Full();
    Stopwatch forward = new Stopwatch();
    Stopwatch both = new Stopwatch();
    Stopwatch update = new Stopwatch();
    Stopwatch products = new Stopwatch();
    Random random = new Random(1);
    long peak;
    try (TrainableModel model = TrainableModel.random(config, compute, method, 1)) {
      if (recompute) {
        model.recomputeActivations();
      }
      AdamW optimizer = new AdamW(model, AdamW.Settings.DEFAULT);
      for (int round = 0; round < WARM_UP; round++) {
        step(model, optimizer, batch(random), new Stopwatch(), new Stopwatch());
      }
      // The arrays that weights were drawn in are garbage, but resident until they are collected.
      System.gc();
      Memory.forgetPeak();
      step(model, optimizer, batch(random), both, update);
      peak = Memory.peakMegabytes();
      try (Products matrices = new Products()) {
        for (int round = 0; round < rounds; round++) {
          MaskedBatch batch = batch(random);
          step(model, optimizer, batch, both, update);
          long start = ThreadClock.nanos();
          LossValue unused = model.loss(batch);
          forward.add((ThreadClock.nanos() - start) / 1e9);
          products.add(matrices.seconds());
        }
      }
      report.put("parameters", config.parameterCount()).put("trained", model.parameterCount());
      optimizer.close();
    }
    double flops = (lora ? 2 : 3) * forwardFlops();
    double seconds = both.best() + update.best();
    double rate = flops / seconds / 1e9;
    double matrixRate = productFlops() / products.best() / 1e9;
    report
        .put("tokens_per_second", Figures.round(rows * LENGTH / seconds))
        .put("step_ms", Figures.round(1e3 * seconds))
        .put("forward_ms", Figures.round(1e3 * forward.best()))
        .put("backward_ms", Figures.round(1e3 * (both.best() - forward.best())))
        .put("optimizer_ms", Figures.round(1e3 * update.best()))
        .put("model_gflops", Figures.round(rate))
        .put("matmul_gflops", Figures.round(matrixRate))
        .put("roofline_ratio", Figures.round(rate / matrixRate))
        .put("peak_rss_mb", peak);
  }

  private static void step(
      TrainableModel model, AdamW optimizer, MaskedBatch batch, Stopwatch both, Stopwatch update) {
    long start = ThreadClock.nanos();
    LossValue unused = model.lossAndGradients(batch);
    long between = ThreadClock.nanos();
    optimizer.step(1e-4, optimizer.gradientNorm());
    both.add((between - start) / 1e9);
    update.add((ThreadClock.nanos() - between) / 1e9);
  }

  private MaskedBatch batch(Random random) {
    long[] ids = random.longs((long) rows * LENGTH, 0, config.vocabularySize() - 8L).toArray();
    BitSet masked = new BitSet();
    for (int i = 0; i < ids.length; i++) {
      masked.set(i, random.nextBoolean());
    }
    double[] probabilities = new double[rows];
    java.util.Arrays.fill(probabilities, 0.5);
    return MaskedBatch.of(
        ids, masked, probabilities, new int[rows], config.tokens().mask(), LossWeight.INVERSE_T);
  }

  /** Products and attention of all tokens, and the head on the masked half. */
  private double forwardFlops() {
    double tokens = rows * LENGTH;
    double attention = 4.0 * tokens * LENGTH * config.heads() * config.headWidth();
    return config.layers() * (2 * tokens * matrixElements() + attention)
        + tokens * config.width() * config.embeddingSize();
  }

  private double matrixElements() {
    double queries = (double) config.heads() * config.headWidth();
    double keys = (double) config.kvHeads() * config.headWidth();
    return config.width() * (2 * queries + 2 * keys + 3.0 * config.mlpWidth());
  }

  /** Of {@link Products#seconds}: one layer's matrices, forward and backward. */
  private double productFlops() {
    return 6.0 * rows * LENGTH * matrixElements();
  }

  /** The products of one layer at the step's rows. */
  private final class Products implements AutoCloseable {

    private final NDManager manager = TorchRuntime.newManager();
    private final TorchScriptModule module =
        TorchScriptModule.compile(PRODUCTS.replace("$DTYPE", Integer.toString(compute.code())));
    private final List<List<NDArray>> layers = new ArrayList<>();

    Products() {
      long width = config.width();
      long queries = (long) config.heads() * config.headWidth();
      long keys = (long) config.kvHeads() * config.headWidth();
      long mlp = config.mlpWidth();
      for (long[] shape :
          new long[][] {
            {queries, width},
            {keys, width},
            {keys, width},
            {width, queries},
            {mlp, width},
            {mlp, width},
            {width, mlp}
          }) {
        long tokens = (long) rows * LENGTH;
        layers.add(
            List.of(
                random(tokens, shape[1]), random(shape[0], shape[1]), random(tokens, shape[0])));
      }
    }

    private NDArray random(long high, long wide) {
      return module.callOne(manager, "random", Argument.of(high), Argument.of(wide));
    }

    double seconds() {
      long start = ThreadClock.nanos();
      try (NDManager scope = manager.newSubManager()) {
        for (List<NDArray> layer : layers) {
          NDArray unused =
              module.callOne(
                  scope,
                  "products",
                  Argument.of(layer.get(0)),
                  Argument.of(layer.get(1)),
                  Argument.of(layer.get(2)));
        }
      }
      return (ThreadClock.nanos() - start) / 1e9;
    }

    @Override
    public void close() {
      module.close();
      manager.close();
    }
  }
}
