package dev.unmask.benchmarks;

import dev.unmask.text.ChatMessage;
import dev.unmask.text.LladaTokenizer;
import dev.unmask.text.TokenizerException;
import java.nio.file.Path;
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

/** A short question through the chat template, and the answer's ids back to text. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
@SuppressWarnings("NullAway.Init") // JMH calls the set-up first.
public class TokenizerBenchmark {

  /** A folder with a tokenizer, seen from where JMH was started. */
  @Param("models/unmask-mini")
  public String model;

  private final List<ChatMessage> dialogue =
      List.of(new ChatMessage("user", "What is the capital of France, and why is it famous?"));

  private LladaTokenizer tokenizer;
  private int[] ids;

  @Setup
  public void tokenizer() throws TokenizerException {
    tokenizer = LladaTokenizer.load(Path.of(model));
    ids = tokenizer.encode("The capital of France is Paris. It is famous for its tower.");
  }

  @Benchmark
  public int[] encode() {
    return tokenizer.encodeChat(dialogue);
  }

  @Benchmark
  public String decode() {
    return tokenizer.decode(ids);
  }

  @TearDown
  public void close() {
    tokenizer.close();
  }
}
