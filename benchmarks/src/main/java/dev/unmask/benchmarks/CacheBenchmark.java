package dev.unmask.benchmarks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.unmask.model.torch.Argument;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.torch.TorchScriptModule;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a cached step of one request does besides products, in one layer of nine heads of 64 over
 * three key-value heads: a block's keys and values go into the cache in place, and its queries,
 * folded by groups, attend to the cache.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 1,
    jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "-Dai.djl.pytorch.num_threads=1"})
@SuppressWarnings("NullAway.Init") // JMH calls the set-up first.
public class CacheBenchmark {

  private static final int KEY_HEADS = 3;
  private static final int GROUP = 3;
  private static final int HEAD = 64;

  private static final String TEXT =
      """
        def write(self: __torch__.M, cache: Tensor, fresh: Tensor, start: int) -> Tensor:
          return torch.copy_(torch.narrow(cache, 0, start, torch.size(fresh, 0)), fresh)
        def attend(self: __torch__.M, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
          kf = torch.unsqueeze(torch.transpose(k, 0, 1), 0)
          vf = torch.unsqueeze(torch.transpose(v, 0, 1), 0)
          return torch.scaled_dot_product_attention(q, kf, vf)
      """;

  /** Positions of the row. */
  @Param({"192", "1024"})
  public int length;

  private NDManager manager;
  private TorchScriptModule module;
  private NDArray cache;
  private NDArray fresh;
  private NDArray queries;

  @Setup
  public void arrays() {
    manager = TorchRuntime.newManager();
    module = TorchScriptModule.compile(TEXT);
    cache = manager.randomNormal(new Shape(length, KEY_HEADS, HEAD));
    fresh = manager.randomNormal(new Shape(Rows.BLOCK, KEY_HEADS, HEAD));
    queries = manager.randomNormal(new Shape(1, KEY_HEADS, GROUP * Rows.BLOCK, HEAD));
  }

  @Benchmark
  public void write() {
    try (NDManager passing = manager.newSubManager()) {
      var unused =
          module.callOne(
              passing,
              "write",
              Argument.of(cache),
              Argument.of(fresh),
              Argument.of((long) length - Rows.BLOCK));
    }
  }

  @Benchmark
  public void attend() {
    try (NDManager passing = manager.newSubManager()) {
      var unused =
          module.callOne(
              passing, "attend", Argument.of(queries), Argument.of(cache), Argument.of(cache));
    }
  }

  @TearDown
  public void close() {
    module.close();
    manager.close();
  }
}
