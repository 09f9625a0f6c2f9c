package dev.unmask.model.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.safetensors.ElementType;
import dev.unmask.model.torch.Argument;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.torch.TorchScriptModule;
import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.model.transformer.PackedBatch;
import dev.unmask.model.transformer.Precision;
import dev.unmask.model.transformer.RandomModel;
import dev.unmask.model.transformer.TransformerText;
import dev.unmask.model.transformer.WeightTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * {@code unmask bench engine}: one packed forward pass of mixed requests against the plain matrix
 * products that it cannot do without, at the same rows, in turns; the best round of each counts.
 * FLOPs are products, attention, and the head on the slots asked for.
 */
public final class EngineBench {

  /** Slots asked for by each request: one block of LLaDA's default length. */
  private static final int SLOTS = 32;

  private static final int SHORTEST = 40;
  private static final int LONGEST = 288;

  /** Results are kept alive: the compiler drops products that nobody looks at. */
  private static final String PRODUCTS =
      """
        def corner(self: __torch__.M, x: Tensor, w: Tensor) -> Tensor:
          return torch.narrow(torch.narrow(torch.linear(x, w), 0, 0, 1), 1, 0, 1)
        def products(self: __torch__.M, x: Tensor, m: Tensor, w: List[Tensor], slots: int) -> Tensor:
          r = annotate(List[Tensor], [])
          for i in range($LAYERS):
            for j in range(6):
              n = torch.append(r, (self).corner(x, w[j], ))
            n = torch.append(r, (self).corner(m, w[6], ))
          n = torch.append(r, (self).corner(torch.narrow(x, 0, 0, slots), w[7], ))
          return torch.cat(r)
        def random(self: __torch__.M, rows: int, columns: int) -> Tensor:
          return torch.to(torch.rand([rows, columns], dtype=6), $DTYPE)
      """;

  private EngineBench() {}

  /** Prints one JSON object; exit code 2 for bad options. */
  public static void main(String[] args) throws Exception {
    BenchOptions options;
    ModelConfig shape;
    try {
      options = BenchOptions.parse(args);
      shape = options.shape();
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.exit(2);
      return;
    }
    System.setProperty("ai.djl.pytorch.num_threads", String.valueOf(options.intraOp()));
    System.setProperty("ai.djl.pytorch.num_interop_threads", "1");
    System.out.println(new ObjectMapper().writeValueAsString(measure(options, shape)));
  }

  private static Map<String, Object> measure(BenchOptions options, ModelConfig shape)
      throws IOException, InvalidModelException {
    Precision precision = options.precision().resolved();
    int[] lengths = lengths(options.requests());
    int tokens = IntStream.of(lengths).sum();
    PackedBatch batch = batch(lengths, shape);
    double productFlops = productFlops(shape, tokens, batch.askedRows());
    double modelFlops = productFlops + attentionFlops(shape, lengths);

    Path folder = Files.createTempDirectory("unmask-bench");
    try {
      ElementType stored = precision == Precision.BF16 ? ElementType.BF16 : ElementType.F32;
      RandomModel.write(folder, shape, stored, 1, 1);
      double step = Double.MAX_VALUE;
      double products = Double.MAX_VALUE;
      try (LoadedModel model = LoadedModel.load(folder, precision);
          Products plain = new Products(shape, precision, tokens, batch.askedRows())) {
        for (int round = -1; round < options.rounds(); round++) {
          double stepSeconds = seconds(() -> forward(model, batch));
          double productSeconds = seconds(plain::run);
          // The first round warms up.
          if (round >= 0) {
            step = Math.min(step, stepSeconds);
            products = Math.min(products, productSeconds);
          }
        }
      }
      Map<String, Object> result = new TreeMap<>();
      result.put("size", options.size());
      result.put("requests", options.requests());
      result.put("precision", precision.name());
      result.put("intra_op_threads", TorchRuntime.intraOpThreads());
      result.put("packed_tokens", tokens);
      result.put("step_ms", round(step * 1e3));
      result.put("tokens_per_second", round(tokens / step));
      result.put("slots_per_second", round(batch.askedRows() / step));
      result.put("model_gflops", round(modelFlops / step / 1e9));
      result.put("matmul_gflops", round(productFlops / products / 1e9));
      result.put("roofline_ratio", round((modelFlops / step) / (productFlops / products)));
      // Packed sequences hold no padding.
      result.put("useful_positions_ratio", 1.0);
      result.put("peak_rss_mb", peakRssMegabytes());
      return result;
    } finally {
      try (var files = Files.list(folder)) {
        for (Path file : files.toList()) {
          Files.delete(file);
        }
      }
      Files.delete(folder);
    }
  }

  /** The step's plain products on operands of their own. */
  private static final class Products implements AutoCloseable {
    private final NDManager manager = TorchRuntime.newManager();
    private final TorchScriptModule module;
    private final NDArray x;
    private final NDArray inner;
    private final List<NDArray> weights = new ArrayList<>();
    private final int slots;

    Products(ModelConfig shape, Precision precision, int tokens, int slots) {
      this.module =
          TorchScriptModule.compile(
              TransformerText.fill(
                  PRODUCTS,
                  shape,
                  precision == Precision.BF16
                      ? TransformerText.Compute.BFLOAT16
                      : TransformerText.Compute.FLOAT32));
      this.slots = Math.min(slots, tokens);
      this.x = random(tokens, shape.width());
      this.inner = random(tokens, shape.mlpWidth());
      int kvWidth = shape.kvHeads() * shape.headWidth();
      int[][] sizes = {
        {shape.width(), shape.width()},
        {kvWidth, shape.width()},
        {kvWidth, shape.width()},
        {shape.width(), shape.width()},
        {shape.mlpWidth(), shape.width()},
        {shape.mlpWidth(), shape.width()},
        {shape.width(), shape.mlpWidth()},
        {shape.embeddingSize(), shape.width()}
      };
      for (int[] size : sizes) {
        weights.add(random(size[0], size[1]));
      }
    }

    private NDArray random(int rows, int columns) {
      return module.callOne(
          manager, "random", Argument.of((long) rows), Argument.of((long) columns));
    }

    void run() {
      try (NDManager step = manager.newSubManager()) {
        module.call(
            step,
            "products",
            Argument.of(x),
            Argument.of(inner),
            Argument.of(weights),
            Argument.of((long) slots));
      }
    }

    @Override
    public void close() {
      module.close();
      manager.close();
    }
  }

  private static void forward(LoadedModel model, PackedBatch batch) {
    try (NDManager manager = TorchRuntime.newManager()) {
      NDArray logits = model.logits(manager, batch);
      if (!logits.getShape().equals(new Shape(batch.askedRows(), model.config().embeddingSize()))) {
        throw new IllegalStateException("logits have the shape " + logits.getShape());
      }
    }
  }

  private static double seconds(Runnable work) {
    long start = System.nanoTime();
    work.run();
    return (System.nanoTime() - start) / 1e9;
  }

  /** Spread evenly over the range; one request has a length in its middle. */
  private static int[] lengths(int requests) {
    Random random = new Random(4);
    return requests == 1 ? new int[] {192} : random.ints(requests, SHORTEST, LONGEST + 1).toArray();
  }

  private static PackedBatch batch(int[] lengths, ModelConfig shape) {
    Random random = new Random(5);
    PackedBatch batch = new PackedBatch();
    for (int length : lengths) {
      batch.add(
          random.ints(length, 0, shape.vocabularySize()).toArray(),
          IntStream.range(length - SLOTS, length).toArray());
    }
    return batch;
  }

  private static double productFlops(ModelConfig shape, int tokens, int slots) {
    double perToken = 0;
    for (WeightTable.Weight weight : WeightTable.of(shape)) {
      if (weight.isBlockMatrix()) {
        perToken += 2.0 * weight.shape().get(0) * weight.shape().get(1);
      }
    }
    return perToken * tokens + 2.0 * shape.embeddingSize() * shape.width() * slots;
  }

  private static double attentionFlops(ModelConfig shape, int[] lengths) {
    double squares = IntStream.of(lengths).mapToDouble(length -> (double) length * length).sum();
    return 4 * squares * shape.width() * shape.layers();
  }

  private static double round(double value) {
    return Math.round(value * 1000) / 1000.0;
  }

  /** By Linux's account; 0 elsewhere. */
  private static long peakRssMegabytes() {
    try (var lines = Files.lines(Path.of("/proc/self/status"))) {
      return lines
          .filter(line -> line.startsWith("VmHWM:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024)
          .findFirst()
          .orElse(0);
    } catch (IOException e) {
      return 0;
    }
  }
}
