package dev.unmask.benchmarks;

import dev.unmask.model.engine.CanvasRun;
import dev.unmask.model.sampling.Draws;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.model.sampling.TokenChooser;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** A request's Java from its first step to its last, one token a step, without the network. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class CommitBenchmark {

  @Param({"32", "128"})
  public int canvas;

  private final int[] prompt = Rows.some(1)[0];

  @Benchmark
  public int[] allSteps() {
    GenerationSettings settings = GenerationSettings.builder(canvas, Rows.BLOCK).build();
    try (CanvasRun run =
        CanvasRun.behind(prompt, settings, Rows.mini(), new Draws.Seeded(settings.seed()))) {
      while (!run.finished()) {
        int asked = run.request().asked().length;
        int[] tokens = new int[asked];
        float[] sure = new float[asked];
        for (int i = 0; i < asked; i++) {
          tokens[i] = i;
          sure[i] = 1f / (1 + i);
        }
        var unused = run.commit(new TokenChooser.Choices(tokens, sure, sure));
      }
      return run.canvas();
    }
  }
}
