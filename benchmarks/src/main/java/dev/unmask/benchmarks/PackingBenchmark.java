package dev.unmask.benchmarks;

import dev.unmask.model.transformer.PackedBatch;
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
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/** Packing a step's rows and laying out what the network is told of them. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class PackingBenchmark {

  @Param({"1", "16", "64"})
  public int requests;

  private int[][] rows = {};

  @Setup
  public void rows() {
    rows = Rows.some(requests);
  }

  @Benchmark
  public void pack(Blackhole hole) {
    PackedBatch batch = new PackedBatch();
    for (int[] row : rows) {
      hole.consume(batch.add(row, Rows.lastBlock(row)));
    }
    hole.consume(batch.ids());
    hole.consume(batch.lengths());
    hole.consume(batch.rows());
  }
}
