package dev.unmask.benchmarks;

import dev.unmask.proto.MalformedRecordException;
import dev.unmask.proto.RecordCodec;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerationJob;
import dev.unmask.v1.Message;
import dev.unmask.v1.Messages;
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

/** A request's record to bytes and back, in both forms that topics carry. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class RecordBenchmark {

  @Param({"false", "true"})
  public boolean json;

  private final GenerationJob job =
      GenerationJob.newBuilder()
          .setMinReader(1)
          .setRequestId("0b7f2f5e-5f0c-4a3e-9f65-2f1f7f3f6a10")
          .setModelDigest("sha256:" + "5e".repeat(32))
          .setDeadlineAtMs(1_790_000_000_000L)
          .setRequest(
              GenerateRequest.newBuilder()
                  .setModel("unmask-mini")
                  .setMessages(
                      Messages.newBuilder()
                          .addMessages(
                              Message.newBuilder()
                                  .setRole("user")
                                  .setContent("What is the capital of France?"))))
          .build();

  @Benchmark
  public GenerationJob thereAndBack() throws MalformedRecordException {
    return RecordCodec.decode(RecordCodec.encode(job, json), json, GenerationJob.newBuilder())
        .build();
  }
}
