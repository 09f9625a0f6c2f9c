package dev.unmask.cli.bench.page;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A drawing with lines over logarithmic axes, or with bars, as SVG. */
final class Chart {

  private static final int WIDTH = 720;
  private static final int HEIGHT = 400;
  private static final int LEFT = 70;
  private static final int RIGHT = 30;
  private static final int TOP = 40;
  private static final int BOTTOM = 60;
  private static final List<String> COLOURS =
      List.of("#1b6ca8", "#d1495b", "#3c896d", "#edae49", "#6b4e9b", "#5a5a5a");

  /**
   * A line.
   *
   * @param dashed for what is expected rather than measured
   */
  record Line(String name, List<double[]> points, boolean dashed) {}

  /**
   * A bar.
   *
   * @param goal drawn as a tick; 0 for none
   */
  record Bar(String name, double value, double goal) {}

  private Chart() {}

  /** Lines over two logarithmic axes; at least one with a point, all numbers above 0. */
  static String logarithmic(String title, String across, String up, List<Line> lines) {
    double[] x = range(lines, 0);
    double[] y = range(lines, 1);
    StringBuilder svg = begin(title);
    for (double tick : ticks(x)) {
      double at = place(tick, x, LEFT, WIDTH - RIGHT);
      vertical(svg, at);
      text(svg, at, HEIGHT - BOTTOM + 18, "middle", label(tick));
    }
    for (double tick : ticks(y)) {
      double at = place(tick, y, HEIGHT - BOTTOM, TOP);
      horizontal(svg, at);
      text(svg, LEFT - 8, at + 4, "end", label(tick));
    }
    text(svg, (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 12, "middle", across);
    text(svg, LEFT, TOP - 8, "start", up);
    for (int i = 0; i < lines.size(); i++) {
      Line line = lines.get(i);
      String colour = COLOURS.get(i % COLOURS.size());
      List<String> corners = new ArrayList<>();
      for (double[] point : line.points()) {
        corners.add(
            format(place(point[0], x, LEFT, WIDTH - RIGHT))
                + ","
                + format(place(point[1], y, HEIGHT - BOTTOM, TOP)));
      }
      svg.append(
          "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\"%s points=\"%s\"/>%n"
              .formatted(
                  colour,
                  line.dashed() ? " stroke-dasharray=\"5 4\"" : "",
                  String.join(" ", corners)));
      double row = TOP + 16 + 18.0 * i;
      svg.append(
          "<rect x=\"%d\" y=\"%s\" width=\"14\" height=\"3\" fill=\"%s\"/>%n"
              .formatted(LEFT + 14, format(row - 5), colour));
      text(svg, LEFT + 34, row, "start", line.name());
    }
    return svg.append("</svg>\n").toString();
  }

  /** Bars from 0, one under the other. */
  static String bars(String title, String across, List<Bar> bars) {
    int left = 230;
    int height = TOP + BOTTOM + 26 * bars.size();
    double most =
        bars.stream().mapToDouble(bar -> Math.max(bar.value(), bar.goal())).max().orElse(1);
    double scale = (WIDTH - RIGHT - left) / Math.max(most, 1e-9);
    StringBuilder svg = begin(title, height);
    double y = TOP;
    for (Bar bar : bars) {
      text(svg, left - 8, y + 14, "end", bar.name());
      svg.append(
          "<rect x=\"%d\" y=\"%s\" width=\"%s\" height=\"18\" fill=\"%s\"/>%n"
              .formatted(left, format(y), format(bar.value() * scale), COLOURS.getFirst()));
      text(svg, left + 6, y + 14, "start", label(bar.value()), "#ffffff");
      if (bar.goal() > 0) {
        svg.append(
            "<rect x=\"%s\" y=\"%s\" width=\"3\" height=\"22\" fill=\"%s\"/>%n"
                .formatted(format(left + bar.goal() * scale), format(y - 2), COLOURS.get(1)));
      }
      y += 26;
    }
    text(svg, left, y + 20, "start", across);
    return svg.append("</svg>\n").toString();
  }

  private static StringBuilder begin(String title) {
    return begin(title, HEIGHT);
  }

  private static StringBuilder begin(String title, int height) {
    StringBuilder svg = new StringBuilder();
    svg.append(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\">%n"
            .formatted(WIDTH, height));
    svg.append("<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n");
    svg.append(
        "<text x=\"%d\" y=\"18\" text-anchor=\"middle\" font-size=\"14\">%s</text>%n"
            .formatted(WIDTH / 2, escaped(title)));
    return svg;
  }

  private static void vertical(StringBuilder svg, double x) {
    svg.append(
        "<line x1=\"%1$s\" x2=\"%1$s\" y1=\"%2$d\" y2=\"%3$d\" stroke=\"#dddddd\"/>%n"
            .formatted(format(x), TOP, HEIGHT - BOTTOM));
  }

  private static void horizontal(StringBuilder svg, double y) {
    svg.append(
        "<line x1=\"%2$d\" x2=\"%3$d\" y1=\"%1$s\" y2=\"%1$s\" stroke=\"#dddddd\"/>%n"
            .formatted(format(y), LEFT, WIDTH - RIGHT));
  }

  private static void text(StringBuilder svg, double x, double y, String anchor, String words) {
    text(svg, x, y, anchor, words, "#222222");
  }

  private static void text(
      StringBuilder svg, double x, double y, String anchor, String words, String colour) {
    svg.append(
        "<text x=\"%s\" y=\"%s\" text-anchor=\"%s\" fill=\"%s\">%s</text>%n"
            .formatted(format(x), format(y), anchor, colour, escaped(words)));
  }

  private static double[] range(List<Line> lines, int axis) {
    double least = Double.POSITIVE_INFINITY;
    double most = 0;
    for (Line line : lines) {
      for (double[] point : line.points()) {
        least = Math.min(least, point[axis]);
        most = Math.max(most, point[axis]);
      }
    }
    return new double[] {least, Math.max(most, least * 1.01)};
  }

  private static double place(double value, double[] range, double from, double to) {
    return from + (to - from) * Math.log(value / range[0]) / Math.log(range[1] / range[0]);
  }

  /** Powers of two across small ranges, of ten across large ones. */
  private static List<Double> ticks(double[] range) {
    double step = range[1] / range[0] > 300 ? 10 : 2;
    List<Double> ticks = new ArrayList<>();
    double tick = Math.pow(step, Math.ceil(Math.log(range[0]) / Math.log(step) - 1e-9));
    for (; tick <= range[1] * (1 + 1e-9); tick *= step) {
      ticks.add(tick);
    }
    return ticks;
  }

  private static String label(double value) {
    return value >= 10 || value == Math.rint(value)
        ? String.format(Locale.ROOT, "%.0f", value)
        : String.format(Locale.ROOT, "%.2f", value);
  }

  private static String format(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }

  private static String escaped(String words) {
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
