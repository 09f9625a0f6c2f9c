package dev.unmask.cli.bench.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.Timing;
import dev.unmask.v1.Usage;
import io.grpc.Status;
import java.util.List;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class RunReportTest {

  private static final long MS = 1_000_000;
  private static final Offset<Double> THREE_DIGITS = within(0.1);

  private static Observation answered(
      long intendedMs, long sentMs, long textMs, long endMs, Timing.Builder timing) {
    return new Observation(
        intendedMs * MS,
        sentMs * MS,
        textMs * MS,
        endMs * MS,
        Status.Code.OK,
        "",
        GenerateResponse.newBuilder()
            .setTiming(timing)
            .setUsage(Usage.newBuilder().setCompletionTokens(10).setCanvasTokens(16))
            .build());
  }

  @Test
  void aCallsTimeIsDividedIntoQueueEngineAndOverhead() {
    Timing.Builder timing = Timing.newBuilder().setWaitingMs(30).setInferenceMs(50).setTotalMs(88);

    // Sent 5 ms late, 100 ms on its way.
    JsonNode json =
        new RunReport(
                new Load.Open(1, 1), true, List.of(answered(1_000, 1_005, 1_060, 1_105, timing)))
            .json();

    assertThat(json.at("/latency_ms/p50").asDouble()).isEqualTo(105, THREE_DIGITS);
    assertThat(json.at("/first_text_ms/p50").asDouble()).isEqualTo(60, THREE_DIGITS);
    assertThat(json.at("/queue_ms/p99").asDouble()).isEqualTo(30, THREE_DIGITS);
    assertThat(json.at("/engine_ms/max").asDouble()).isEqualTo(50, THREE_DIGITS);
    assertThat(json.at("/overhead_ms/p50").asDouble()).isEqualTo(20, THREE_DIGITS);
    assertThat(json.at("/grpc_ms/p50").asDouble()).isEqualTo(12, THREE_DIGITS);
    assertThat(json.at("/send_lag_ms/max").asDouble()).isEqualTo(5, THREE_DIGITS);
    assertThat(json.at("/per_token_ms/p50").asDouble()).isEqualTo(5, THREE_DIGITS);
    assertThat(json.at("/requests_per_second").asDouble()).isEqualTo(1 / 0.105, within(1e-9));
    assertThat(json.at("/tokens_per_second").asDouble()).isEqualTo(10 / 0.105, within(1e-9));
    assertThat(json.at("/canvas_tokens_per_second").asDouble()).isEqualTo(16 / 0.105, within(1e-9));
  }

  @Test
  void percentilesAreThoseOfTheAnswersAndFailuresAreCounted() {
    List<Observation> calls =
        new java.util.ArrayList<>(
            IntStream.rangeClosed(1, 100)
                .mapToObj(i -> answered(0, 0, i, i, Timing.newBuilder()))
                .toList());
    calls.add(
        new Observation(
            0,
            0,
            9_000 * MS,
            9_000 * MS,
            Status.Code.UNAVAILABLE,
            "nobody is there",
            GenerateResponse.getDefaultInstance()));

    RunReport run = new RunReport(new Load.Closed(4), false, calls);
    JsonNode json = run.json();

    assertThat(json.at("/latency_ms/p50").asDouble()).isEqualTo(50, THREE_DIGITS);
    assertThat(json.at("/latency_ms/p90").asDouble()).isEqualTo(90, THREE_DIGITS);
    assertThat(json.at("/latency_ms/p99").asDouble()).isEqualTo(99, THREE_DIGITS);
    assertThat(json.at("/latency_ms/max").asDouble()).isEqualTo(100, THREE_DIGITS);
    assertThat(json.at("/latency_ms/mean").asDouble()).isEqualTo(50.5, THREE_DIGITS);
    assertThat(json.at("/statuses/OK").asInt()).isEqualTo(100);
    assertThat(json.at("/statuses/UNAVAILABLE").asInt()).isEqualTo(1);
    assertThat(run.failed()).isEqualTo(1);
    assertThat(run.firstFailure()).contains("nobody is there");
    assertThat(json.has("first_text_ms")).as("nothing to see before a unary answer").isFalse();
    assertThat(json.has("send_lag_ms")).isFalse();
  }

  @Test
  void aRunWithoutAnAnswerHasNoDurations() {
    RunReport run =
        new RunReport(
            new Load.Closed(1),
            false,
            List.of(
                new Observation(
                    0,
                    0,
                    1,
                    1,
                    Status.Code.INTERNAL,
                    "broken",
                    GenerateResponse.getDefaultInstance())));

    assertThat(run.json().has("latency_ms")).isFalse();
    assertThat(run.line()).contains("none of 1 requests was answered");
  }
}
