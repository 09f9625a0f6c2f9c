package dev.unmask.benchmarks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.sampling.Draws;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.model.sampling.TokenChooser;
import dev.unmask.model.torch.TorchRuntime;
import java.util.ArrayList;
import java.util.List;
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

/** The sampling tail of sixteen requests: from logits to tokens and confidences. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 1,
    jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "-Dai.djl.pytorch.num_threads=1"})
@SuppressWarnings("NullAway.Init") // JMH calls the set-up first.
public class ChooserBenchmark {

  private static final int REQUESTS = 16;

  @Param({"0", "0.7"})
  public double temperature;

  private NDManager manager;
  private TokenChooser chooser;
  private NDArray logits;
  private List<TokenChooser.Request> requests;

  @Setup
  public void logits() {
    ModelConfig config = Rows.mini();
    manager = TorchRuntime.newManager();
    chooser = new TokenChooser(config);
    logits = manager.randomNormal(new Shape(REQUESTS * Rows.BLOCK, config.embeddingSize()));
    GenerationSettings settings =
        GenerationSettings.builder(Rows.BLOCK, Rows.BLOCK).temperature(temperature).build();
    requests = new ArrayList<>();
    int[] asked = Rows.lastBlock(new int[Rows.BLOCK]);
    for (int i = 0; i < REQUESTS; i++) {
      requests.add(new TokenChooser.Request(settings, new Draws.Seeded(i), 0, asked));
    }
  }

  @Benchmark
  public TokenChooser.Choices choose() {
    return chooser.choose(logits, requests);
  }

  @TearDown
  public void close() {
    chooser.close();
    manager.close();
  }
}
