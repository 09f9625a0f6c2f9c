package dev.unmask.cli.bench.page;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The drawings of the page, by file name without its end. */
final class Drawings {

  private Drawings() {}

  static Map<String, String> of(History history) {
    Map<String, String> drawings = new LinkedHashMap<>();
    drawings.put(
        "full-step",
        Chart.bars(
            "Full step: model FLOP/s over the plain matrix rate of the same run",
            "the red tick is the goal",
            bars(history, false)));
    drawings.put(
        "cached-step",
        Chart.bars(
            "Step of 32 slots over a dual cache: model FLOP/s over the plain matrix rate",
            "the red tick is the goal",
            bars(history, true)));
    List<Chart.Line> slots = slots(history);
    if (!slots.isEmpty()) {
      drawings.put(
          "slots",
          Chart.logarithmic("One request's step as its row grows", "slots", "milliseconds", slots));
    }
    return drawings;
  }

  private static List<Chart.Bar> bars(History history, boolean cached) {
    List<Chart.Bar> bars = new ArrayList<>();
    for (JsonNode line : history.newest("bench engine")) {
      JsonNode settings = line.path("settings");
      JsonNode step = cached ? line.path("cached") : line;
      String size = settings.path("size").asText();
      int requests = settings.path("requests").asInt();
      bars.add(
          new Chart.Bar(
              size
                  + ", "
                  + requests
                  + (requests == 1 ? " request, " : " requests, ")
                  + settings.path("precision").asText()
                  + ", "
                  + settings.path("path").asText(),
              step.path("roofline_ratio").asDouble(),
              goal(size, requests, cached)));
    }
    return bars;
  }

  /** The goals over the plain rate; 0 where it names none. */
  private static double goal(String size, int requests, boolean cached) {
    String of = size + " " + requests;
    return switch (of) {
      case "135m 1" -> cached ? 0.95 : 0.60;
      case "135m 16" -> cached ? 0.60 : 0.80;
      case "135m 64" -> cached ? 0 : 0.85;
      case "mini 16" -> cached ? 0 : 0.45;
      default -> 0;
    };
  }

  private static List<Chart.Line> slots(History history) {
    List<Chart.Line> lines = new ArrayList<>();
    for (JsonNode line : history.newest("bench engine slots")) {
      JsonNode settings = line.path("settings");
      String name = settings.path("size").asText() + ", " + settings.path("path").asText();
      List<double[]> measured = new ArrayList<>();
      List<double[]> expected = new ArrayList<>();
      double rate = 0;
      for (JsonNode row : line.path("slots")) {
        rate = Math.max(rate, row.path("model_gflops").asDouble());
      }
      for (JsonNode row : line.path("slots")) {
        double slots = row.path("slots").asDouble();
        measured.add(new double[] {slots, row.path("step_ms").asDouble()});
        expected.add(new double[] {slots, 1e3 * row.path("gflop").asDouble() / rate});
      }
      if (!measured.isEmpty()) {
        lines.add(new Chart.Line(name, measured, false));
        lines.add(new Chart.Line(name + ": FLOPs at its best rate", expected, true));
      }
    }
    return lines;
  }
}
