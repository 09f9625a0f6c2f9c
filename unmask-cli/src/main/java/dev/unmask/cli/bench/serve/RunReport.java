package dev.unmask.cli.bench.serve;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.Json;
import dev.unmask.v1.Timing;
import io.grpc.Status;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What one run measured. Failed calls are counted by status and have no part in the durations.
 *
 * <p>Of an answer's way from being sent to being there, {@code queue} is the time that it waited
 * for a sampler, {@code engine} that from its first forward to its last, and {@code overhead} the
 * rest: gateway, Kafka, and gRPC on both sides. {@code grpc} is the part of the rest outside the
 * gateway.
 */
final class RunReport {

  private final Load load;
  private final boolean stream;
  private final List<Observation> calls;
  private final Map<Status.Code, Integer> statuses = new TreeMap<>();
  private final Distribution latency = new Distribution();
  private final Distribution firstText = new Distribution();
  private final Distribution perToken = new Distribution();
  private final Distribution queue = new Distribution();
  private final Distribution engine = new Distribution();
  private final Distribution overhead = new Distribution();
  private final Distribution grpc = new Distribution();
  private final Distribution late = new Distribution();
  private long tokens;
  private long canvas;

  RunReport(Load load, boolean stream, List<Observation> calls) {
    this.load = load;
    this.stream = stream;
    this.calls = List.copyOf(calls);
    calls.forEach(this::add);
  }

  private void add(Observation call) {
    statuses.merge(call.status(), 1, Integer::sum);
    late.add(millis(call.intended(), call.sent()));
    if (!call.answered()) {
      return;
    }
    Timing timing = call.answer().getTiming();
    int answered = call.answer().getUsage().getCompletionTokens();
    double way = millis(call.sent(), call.ended());
    latency.add(millis(call.intended(), call.ended()));
    firstText.add(millis(call.intended(), call.firstText()));
    queue.add(timing.getWaitingMs());
    engine.add(timing.getInferenceMs());
    overhead.add(way - timing.getWaitingMs() - timing.getInferenceMs());
    grpc.add(way - timing.getTotalMs());
    if (answered > 0) {
      perToken.add(timing.getInferenceMs() / answered);
    }
    tokens += answered;
    canvas += call.answer().getUsage().getCanvasTokens();
  }

  private static double millis(long from, long to) {
    return (to - from) / 1e6;
  }

  int failed() {
    return calls.size() - statuses.getOrDefault(Status.Code.OK, 0);
  }

  /** Why the first call that failed did. */
  Optional<String> firstFailure() {
    return calls.stream().filter(call -> !call.answered()).map(Observation::why).findFirst();
  }

  /** From the first call that was to be sent to the last end. */
  double seconds() {
    long start = calls.stream().mapToLong(Observation::intended).min().orElse(0);
    long end = calls.stream().mapToLong(Observation::ended).max().orElse(0);
    return (end - start) / 1e9;
  }

  ObjectNode json() {
    ObjectNode node = Json.object();
    switch (load) {
      case Load.Closed closed -> node.put("loop", "closed").put("concurrency", closed.callers());
      case Load.Open open -> node.put("loop", "open").put("rate", open.perSecond());
    }
    double seconds = seconds();
    int answered = calls.size() - failed();
    node.put("requests", calls.size());
    node.put("failed", failed());
    ObjectNode byStatus = node.putObject("statuses");
    statuses.forEach((status, count) -> byStatus.put(status.name(), count));
    node.put("seconds", seconds);
    node.put("requests_per_second", answered / seconds);
    node.put("tokens_per_second", tokens / seconds);
    node.put("canvas_tokens_per_second", canvas / seconds);
    put(node, "latency_ms", latency);
    if (stream) {
      put(node, "first_text_ms", firstText);
    }
    put(node, "per_token_ms", perToken);
    put(node, "queue_ms", queue);
    put(node, "engine_ms", engine);
    put(node, "overhead_ms", overhead);
    put(node, "grpc_ms", grpc);
    if (load instanceof Load.Open) {
      put(node, "send_lag_ms", late);
    }
    return node;
  }

  private static void put(ObjectNode node, String name, Distribution durations) {
    if (!durations.isEmpty()) {
      durations.writeTo(node.putObject(name));
    }
  }

  /** The run in one line for a person. */
  String line() {
    String how =
        switch (load) {
          case Load.Closed closed -> closed.callers() + " at a time";
          case Load.Open open -> String.format(Locale.ROOT, "%.1f a second", open.perSecond());
        };
    if (latency.isEmpty()) {
      return how + ": none of " + calls.size() + " requests was answered";
    }
    return String.format(
        Locale.ROOT,
        "%s: %.1f answers/s, %.1f tokens/s; p50/p99 %.1f/%.1f ms, of it queue %.1f/%.1f, engine"
            + " %.1f/%.1f, overhead %.2f/%.2f%s",
        how,
        (calls.size() - failed()) / seconds(),
        tokens / seconds(),
        latency.percentile(50),
        latency.percentile(99),
        queue.percentile(50),
        queue.percentile(99),
        engine.percentile(50),
        engine.percentile(99),
        overhead.percentile(50),
        overhead.percentile(99),
        failed() > 0 ? "; " + failed() + " failed" : "");
  }
}
