package dev.unmask.cli.bench.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.unmask.cli.FakeGateway;
import dev.unmask.cli.TestSession;
import io.grpc.Status;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BenchServeTest {

  @TempDir private Path home;

  private static int bench(TestSession cli, FakeGateway gateway, String... more) {
    List<String> args = new ArrayList<>(List.of("bench", "serve", "--endpoint", gateway.address()));
    args.addAll(List.of(more));
    return cli.run(args.toArray(String[]::new));
  }

  @Test
  void everyConcurrencyIsARunWithItsFigures() throws Exception {
    try (FakeGateway gateway = FakeGateway.start()) {
      TestSession cli = new TestSession(home);

      assertThat(
              bench(
                  cli,
                  gateway,
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

  @Test
  void anOpenLoopWatchesStreamsOfPromptsFromAFile() throws Exception {
    Path prompts = Files.writeString(home.resolve("prompts.txt"), "one\n\n two \n");
    try (FakeGateway gateway = FakeGateway.start()) {
      TestSession cli = new TestSession(home);

      assertThat(
              bench(
                  cli,
                  gateway,
                  "--rate",
                  "500",
                  "--stream",
                  "--requests",
                  "6",
                  "--warm-up",
                  "0",
                  "--prompts",
                  prompts.toString()))
          .isZero();

      JsonNode result = new ObjectMapper().readTree(cli.out());
      assertThat(result.get("mode").asText()).isEqualTo("stream");
      JsonNode run = result.get("runs").get(0);
      assertThat(run.get("loop").asText()).isEqualTo("open");
      assertThat(run.get("rate").asDouble()).isEqualTo(500);
      assertThat(run.get("first_text_ms").get("p50").asDouble()).isPositive();
      assertThat(gateway.asked()).hasSize(7);
      assertThat(gateway.asked())
          .extracting(asked -> asked.getMessages().getMessages(0).getContent())
          .containsOnly("one", "two");
    }
  }

  @Test
  void aRecordNamesCommitAndProcessorsAndNeitherTheMachineNorAFolder() throws Exception {
    Path docs = Files.createDirectories(home.resolve("docs"));
    try (FakeGateway gateway = FakeGateway.start()) {
      TestSession cli = new TestSession(home);

      assertThat(bench(cli, gateway, "--requests", "2", "--record")).isZero();
      assertThat(bench(cli, gateway, "--requests", "2", "--record")).isZero();
    }
    List<String> lines = Files.readAllLines(docs.resolve("perf-history.jsonl"));
    assertThat(lines).hasSize(2);
    JsonNode line = new ObjectMapper().readTree(lines.getFirst());
    assertThat(line.get("what").asText()).isEqualTo("bench serve");
    assertThat(line.get("commit").asText()).isNotEmpty();
    assertThat(line.get("machine").get("processors").asInt()).isPositive();
    assertThat(line.get("runs")).hasSize(2);
    assertThat(lines.getFirst()).doesNotContain(home.toString(), System.getProperty("java.home"));
  }

  @Test
  void failedCallsAreCountedAndTheCommandFails() throws Exception {
    try (FakeGateway gateway = FakeGateway.start()) {
      gateway.failWith(Status.RESOURCE_EXHAUSTED.withDescription("The queue is full."));
      TestSession cli = new TestSession(home);

      assertThat(bench(cli, gateway, "--requests", "2")).isEqualTo(1);

      assertThat(cli.err()).contains("The queue is full.");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          --requests 0                         | must be at least 1
          --concurrency 0                      | must be at least 1
          --rate 0                             | every --rate is above 0
          --rate NaN                           | every --rate is above 0
          --warm-up -1                         | --warm-up is -1; it is 0 or more
          --prompts nowhere.txt                | --prompts nowhere.txt cannot be read
          --prompt a --prompts b               | not by both
          --scripted --endpoint 127.0.0.1:1    | a cluster of its own
          --scripted --slots 0                 | --slots is 0; a scripted sampler has 1 to 512
          --scripted --service-ms -1           | --service-ms is -1.0; it is 0 to 10000
          --scripted                           | there is no
          --endpoint 127.0.0.1:1 --record      | has no folder docs
          """)
  void whatCannotBeMeasuredIsSaidInASentence(String args, String sentence) {
    TestSession cli = new TestSession(home);

    assertThat(cli.run(("bench serve " + args).split(" ", -1))).isIn(1, 2);

    assertThat(cli.err()).contains(sentence).doesNotContain("Exception");
    assertThat(cli.out()).isEmpty();
  }
}
