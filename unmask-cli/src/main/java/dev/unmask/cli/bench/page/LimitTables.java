package dev.unmask.cli.bench.page;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;

/** The tables of what neighbours, leaving and slowness cost, by the name of their section. */
final class LimitTables {

  private LimitTables() {}

  static void addTo(Map<String, String> tables, History history) {
    tables.put("fairness", fairness(history));
    tables.put("cancel", cancel(history));
    tables.put("readers", readers(history));
  }

  private static String n(JsonNode node, String... path) {
    JsonNode found = node;
    for (String name : path) {
      found = found.path(name);
    }
    return Table.number(found);
  }

  private static String fairness(History history) {
    Table table =
        new Table(
            "state",
            "bulk waiting",
            "first step p50",
            "p99",
            "step p50",
            "latency p50",
            "p99",
            "load average",
            "commit");
    for (JsonNode line : history.of("bench fairness")) {
      for (String state : List.of("alone", "behind_few", "behind_bulk")) {
        JsonNode of = line.path(state);
        if (of.isObject()) {
          table.row(
              List.of(
                  state.replace('_', ' '),
                  state.equals("behind_bulk") ? n(line, "bulk_waiting_before") : "–",
                  n(of, "to_first_step_ms", "p50"),
                  n(of, "to_first_step_ms", "p99"),
                  n(of, "step_ms", "p50"),
                  n(of, "latency_ms", "p50"),
                  n(of, "latency_ms", "p99"),
                  n(line, "load_average"),
                  line.path("commit").asText()));
        }
      }
    }
    return table.toString();
  }

  private static String cancel(History history) {
    Table table =
        new Table(
            "state",
            "streams",
            "steps after the cancel, mean",
            "most",
            "slot free after ms p50",
            "p99",
            "step p50",
            "left before the begin",
            "begun of them",
            "commit");
    for (JsonNode line : history.of("bench cancel")) {
      for (String state : List.of("alone", "beside_others")) {
        JsonNode of = line.path(state);
        table.row(
            List.of(
                state.replace('_', ' '),
                n(of, "streams"),
                n(of, "steps_after_cancel_mean"),
                n(of, "steps_after_cancel_max"),
                n(of, "cancel_to_free_ms", "p50"),
                n(of, "cancel_to_free_ms", "p99"),
                n(of, "step_ms", "p50"),
                n(line, "before_begin", "requests"),
                n(line, "before_begin", "begun"),
                line.path("commit").asText()));
      }
    }
    return table.toString();
  }

  private static String readers(History history) {
    Table table =
        new Table(
            "kind",
            "readers",
            "steps",
            "bytes of a stream",
            "heap for one that is read",
            "heap for one that is not",
            "frames merged",
            "commit");
    for (JsonNode line : history.of("bench readers")) {
      for (String kind : List.of("grpc", "sse", "watch")) {
        JsonNode of = line.path(kind);
        table.row(
            List.of(
                kind,
                n(line, "readers"),
                of.has("steps") ? n(of, "steps") : n(line, "steps"),
                n(of, "stream_bytes"),
                n(of, "heap_bytes_fast"),
                n(of, "heap_bytes_slow"),
                n(of, "frames_merged_slow"),
                line.path("commit").asText()));
      }
    }
    return table.toString();
  }
}
