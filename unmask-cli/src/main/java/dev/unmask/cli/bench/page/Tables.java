package dev.unmask.cli.bench.page;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;

/** The tables of the page, by the name of their section. */
final class Tables {

  private Tables() {}

  static Map<String, String> of(History history) {
    Map<String, String> tables = new LinkedHashMap<>();
    tables.put("engine", engine(history));
    tables.put("cached", cached(history));
    tables.put("whole", whole(history));
    tables.put("batching", batching(history));
    tables.put("adapters", adapters(history));
    tables.put("processes", processes(history));
    tables.put("reference", reference(history));
    tables.put("slots", slots(history));
    tables.put("serve", serve(history));
    tables.put("reload", reload(history));
    LimitTables.addTo(tables, history);
    return tables;
  }

  private static String text(JsonNode node, String... path) {
    return at(node, path).asText("–");
  }

  private static JsonNode at(JsonNode node, String... path) {
    JsonNode found = node;
    for (String name : path) {
      found = found.path(name);
    }
    return found;
  }

  private static String n(JsonNode node, String... path) {
    return Table.number(at(node, path));
  }

  private static String engine(History history) {
    return steps(history, line -> line);
  }

  private static String cached(History history) {
    return steps(history, line -> line.path("cached"));
  }

  /** One row for each newest record; {@code step} says where in it the step's figures are. */
  private static String steps(History history, UnaryOperator<JsonNode> step) {
    Table table =
        new Table(
            "size",
            "requests",
            "rows",
            "path",
            "precision",
            "model GF/s",
            "plain GF/s",
            "prepacked GF/s",
            "of plain",
            "of prepacked",
            "tail, T = 0",
            "tail, T > 0",
            "commit");
    for (JsonNode line : history.newest("bench engine")) {
      stepRow(table, line, step.apply(line));
    }
    return table.toString();
  }

  private static void stepRow(Table table, JsonNode line, JsonNode step) {
    table.row(
        List.of(
            text(line, "settings", "size"),
            text(line, "settings", "requests"),
            n(step, "rows"),
            text(line, "settings", "path"),
            text(line, "settings", "precision"),
            n(step, "model_gflops"),
            n(step, "matmul_gflops"),
            n(step, "matmul_prepacked_gflops"),
            n(step, "roofline_ratio"),
            n(step, "roofline_prepacked_ratio"),
            Table.percent(step.path("tail_share_greedy")),
            Table.percent(step.path("tail_share_noisy")),
            text(line, "commit")));
  }

  private static String whole(History history) {
    Table table =
        new Table(
            "size",
            "requests",
            "path",
            "cache",
            "mix",
            "tokens/s",
            "one stream",
            "positions/s",
            "useful",
            "busy",
            "weights MB",
            "loaded MB",
            "peak MB",
            "commit");
    for (JsonNode line : history.newest("bench engine")) {
      table.row(
          List.of(
              text(line, "settings", "size"),
              text(line, "settings", "requests"),
              text(line, "settings", "path"),
              text(line, "settings", "cache"),
              text(line, "settings", "mix"),
              n(line, "tokens_per_second"),
              n(line, "one_stream_tokens_per_second"),
              n(line, "computed_positions_per_second"),
              n(line, "useful_positions_ratio"),
              n(line, "engine_busy"),
              String.valueOf(line.path("weights_bytes").asLong() / 1_000_000),
              n(line, "loaded_rss_mb"),
              n(line, "peak_rss_mb"),
              text(line, "commit")));
    }
    return table.toString();
  }

  private static String batching(History history) {
    Table table =
        new Table(
            "size",
            "requests",
            "path",
            "full: gain",
            "matrix rates allow",
            "of allowed",
            "of prepacked",
            "cached: gain",
            "of allowed",
            "of prepacked",
            "commit");
    for (JsonNode line : history.newest("bench engine")) {
      if (line.path("settings").path("requests").asInt() > 1) {
        table.row(
            List.of(
                text(line, "settings", "size"),
                text(line, "settings", "requests"),
                text(line, "settings", "path"),
                n(line, "batching", "gain"),
                n(line, "batching", "allowed_by_matmul"),
                n(line, "batching", "of_allowed"),
                n(line, "batching", "of_allowed_prepacked"),
                n(line, "batching_cached", "gain"),
                n(line, "batching_cached", "of_allowed"),
                n(line, "batching_cached", "of_allowed_prepacked"),
                text(line, "commit")));
      }
    }
    return table.toString();
  }

  private static String adapters(History history) {
    Table table =
        new Table(
            "size",
            "requests",
            "adapters",
            "rank",
            "step",
            "base ms",
            "with adapters ms",
            "merged ms",
            "over base",
            "over merged",
            "adapter MB",
            "merged MB",
            "commit");
    for (JsonNode line : history.newest("bench engine adapters")) {
      adapterRow(table, line, line, "full");
      adapterRow(table, line, line.path("cached"), "cached");
    }
    return table.toString();
  }

  private static void adapterRow(Table table, JsonNode line, JsonNode step, String kind) {
    table.row(
        List.of(
            text(line, "settings", "size"),
            text(line, "settings", "requests"),
            text(line, "settings", "adapters"),
            text(line, "settings", "rank"),
            kind,
            n(step, "base_step_ms"),
            n(step, "adapted_step_ms"),
            n(step, "merged_steps_ms"),
            n(step, "over_base"),
            n(step, "over_merged"),
            megabytes(line.path("adapter_bytes")),
            megabytes(line.path("merged_weights_bytes")),
            text(line, "commit")));
  }

  private static String megabytes(JsonNode bytes) {
    return bytes.isNumber() ? String.format(Locale.ROOT, "%.1f", bytes.asLong() / 1e6) : "–";
  }

  private static String processes(History history) {
    Table table =
        new Table(
            "size", "requests each", "processes", "one, positions/s", "together", "gain", "commit");
    for (JsonNode line : history.newest("bench engine processes")) {
      table.row(
          List.of(
              text(line, "settings", "size"),
              text(line, "settings", "requests"),
              text(line, "settings", "processes"),
              n(line, "one_positions_per_second"),
              n(line, "together_positions_per_second"),
              n(line, "gain"),
              text(line, "commit")));
    }
    return table.toString();
  }

  private static String reference(History history) {
    Table table =
        new Table(
            "canvas",
            "probes",
            "way",
            "right",
            "same answer",
            "answer tokens/s",
            "times the reference",
            "commit");
    for (JsonNode line : history.newest("bench engine reference")) {
      for (Map.Entry<String, JsonNode> way : line.properties()) {
        if (way.getValue().has("times_reference")) {
          table.row(
              List.of(
                  text(line, "settings", "canvas"),
                  text(line, "settings", "probes"),
                  way.getKey().replace('_', ' '),
                  Table.percent(at(line, way.getKey(), "accuracy")),
                  Table.percent(at(line, way.getKey(), "same_answer")),
                  n(line, way.getKey(), "answer_tokens_per_second"),
                  n(line, way.getKey(), "times_reference"),
                  text(line, "commit")));
        }
      }
    }
    return table.toString();
  }

  private static String slots(History history) {
    Table table = new Table("size", "path", "slots", "GFLOP", "step ms", "GF/s", "commit");
    for (JsonNode line : history.newest("bench engine slots")) {
      for (JsonNode row : line.path("slots")) {
        table.row(
            List.of(
                text(line, "settings", "size"),
                text(line, "settings", "path"),
                n(row, "slots"),
                n(row, "gflop"),
                n(row, "step_ms"),
                n(row, "model_gflops"),
                text(line, "commit")));
      }
    }
    return table.toString();
  }

  private static String serve(History history) {
    Table table =
        new Table(
            "model",
            "mode",
            "load",
            "requests/s",
            "tokens/s",
            "latency p50",
            "p99",
            "queue p50",
            "engine p50",
            "overhead p50",
            "overhead p99",
            "failed",
            "commit");
    for (JsonNode line : history.of("bench serve")) {
      for (JsonNode run : line.path("runs")) {
        String load =
            run.has("rate") ? n(run, "rate") + " a second" : n(run, "concurrency") + " at a time";
        table.row(
            List.of(
                line.has("scripted") ? "scripted" : text(line, "model"),
                line.path("mode").asText("unary"),
                load,
                n(run, "requests_per_second"),
                n(run, "tokens_per_second"),
                n(run, "latency_ms", "p50"),
                n(run, "latency_ms", "p99"),
                n(run, "queue_ms", "p50"),
                n(run, "engine_ms", "p50"),
                n(run, "overhead_ms", "p50"),
                n(run, "overhead_ms", "p99"),
                n(run, "failed"),
                text(line, "commit")));
      }
    }
    return table.toString();
  }

  private static String reload(History history) {
    Table table =
        new Table(
            "callers",
            "requests",
            "failed",
            "mixed",
            "kind",
            "reloads",
            "stored",
            "in store ms",
            "announced",
            "activated",
            "first answer p50",
            "max",
            "pause p50",
            "step p50",
            "longer pauses",
            "commit");
    for (JsonNode line : history.of("bench reload")) {
      for (String kind : List.of("full", "lora")) {
        JsonNode of = line.path(kind);
        if (of.isObject()) {
          table.row(
              List.of(
                  text(line, "concurrency"),
                  text(line, "requests"),
                  text(line, "failed"),
                  text(line, "mixed"),
                  kind,
                  text(of, "reloads"),
                  megabytes(of.path("largest_bytes")) + " MB",
                  n(of, "publish_to_stored_ms", "p50"),
                  n(of, "publish_to_announced_ms", "p50"),
                  n(of, "publish_to_activated_ms", "p50"),
                  n(of, "publish_to_first_answer_ms", "p50"),
                  n(of, "publish_to_first_answer_ms", "max"),
                  n(line, "longest_gap_ms", "p50"),
                  n(line, "longest_step_ms", "p50"),
                  text(line, "pauses_over_a_step"),
                  text(line, "commit")));
        }
      }
    }
    return table.toString();
  }
}
