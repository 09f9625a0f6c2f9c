package dev.unmask.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.unmask.cli.FakeGateway;
import dev.unmask.cli.TestSession;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchServeTest {

  @TempDir private Path home;

  @Test
  void percentilesAreTheNearestRank() {
    List<Double> oneToHundred = IntStream.rangeClosed(1, 100).mapToObj(i -> (double) i).toList();

    LatencySummary summary = LatencySummary.of(oneToHundred.reversed());

    assertThat(summary.p50()).isEqualTo(50);
    assertThat(summary.p90()).isEqualTo(90);
    assertThat(summary.p99()).isEqualTo(99);
    assertThat(summary.mean()).isEqualTo(50.5, within(1e-9));
    assertThat(summary.max()).isEqualTo(100);
    assertThat(LatencySummary.of(List.of(3.0)).p99()).isEqualTo(3);
  }

  @Test
  void everyConcurrencyIsARunWithItsFigures() throws Exception {
    try (FakeGateway gateway = FakeGateway.start()) {
      TestSession cli = new TestSession(home);

      assertThat(
              cli.run(
                  "bench",
                  "serve",
                  "--endpoint",
                  gateway.address(),
                  "--concurrency",
                  "1,4",
                  "--requests",
                  "10",
                  "--prompt",
                  "a",
                  "--prompt",
                  "b"))
          .isZero();

      JsonNode runs = new ObjectMapper().readTree(cli.out()).get("runs");
      assertThat(runs).hasSize(2);
      assertThat(runs.get(1).get("concurrency").asInt()).isEqualTo(4);
      assertThat(runs.get(1).get("requests").asInt()).isEqualTo(10);
      assertThat(runs.get(1).get("failed").asInt()).isZero();
      assertThat(runs.get(1).get("latency_ms").get("p99").asDouble()).isPositive();
      double seconds = runs.get(1).get("seconds").asDouble();
      assertThat(runs.get(1).get("tokens_per_second").asDouble())
          .isEqualTo(20 / seconds, within(1e-6));
      // One look, four to warm up, two runs of ten; prompts in turn.
      assertThat(gateway.asked()).hasSize(25);
      assertThat(gateway.asked())
          .allSatisfy(
              asked -> assertThat(asked.getMessages().getMessages(0).getContent()).matches("[ab]"));
    }
  }
}
