package dev.unmask.sft.experiment;

import java.util.List;
import java.util.Locale;

/**
 * Curves with their intervals, as an SVG. Pure.
 *
 * @param even whether the x values stand at even distances, whatever they are
 */
record Chart(String title, String xLabel, String yLabel, boolean even, List<Line> lines) {

  private static final int LEFT = 60;
  private static final int WIDTH = 520;
  private static final int TOP = 34;
  private static final int HEIGHT = 260;

  /** Told apart by people who do not see all colours, too. */
  private static final List<String> COLOURS =
      List.of("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00");

  String svg() {
    StringBuilder out = new StringBuilder();
    int height = TOP + HEIGHT + 50 + 16 * lines.size();
    out.append(
        text(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\""
                + " font-family=\"sans-serif\" font-size=\"11\">\n<title>%s</title>\n"
                + "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"
                + "<text x=\"%d\" y=\"18\" font-size=\"13\">%s</text>\n",
            LEFT + WIDTH + 30, height, escaped(title), LEFT, escaped(title)));
    axes(out);
    for (int i = 0; i < lines.size(); i++) {
      curve(out, lines.get(i), COLOURS.get(i % COLOURS.size()));
      int y = TOP + HEIGHT + 48 + 16 * i;
      out.append(
          text(
              "<rect x=\"%d\" y=\"%d\" width=\"10\" height=\"10\" fill=\"%s\"/>"
                  + "<text x=\"%d\" y=\"%d\">%s</text>\n",
              LEFT,
              y - 9,
              COLOURS.get(i % COLOURS.size()),
              LEFT + 16,
              y,
              escaped(lines.get(i).name())));
    }
    return out.append("</svg>\n").toString();
  }

  private void axes(StringBuilder out) {
    for (int i = 0; i <= 5; i++) {
      double value = low() + (high() - low()) * i / 5;
      out.append(
          text(
              "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"#ddd\"/>"
                  + "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
              LEFT, y(value), LEFT + WIDTH, y(value), LEFT - 6, y(value) + 4, number(value)));
    }
    List<Double> xs = xs();
    int every = Math.max(1, xs.size() / 8);
    for (int i = 0; i < xs.size(); i += every) {
      out.append(
          text(
              "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
              x(xs.get(i)), TOP + HEIGHT + 16, number(xs.get(i))));
    }
    out.append(
        text(
            "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n"
                + "<text x=\"12\" y=\"%d\" transform=\"rotate(-90 12 %d)\""
                + " text-anchor=\"middle\">%s</text>\n",
            LEFT + WIDTH,
            TOP + HEIGHT + 31,
            escaped(xLabel),
            TOP + HEIGHT / 2,
            TOP + HEIGHT / 2,
            escaped(yLabel)));
  }

  private void curve(StringBuilder out, Line line, String colour) {
    StringBuilder path = new StringBuilder();
    for (Point point : line.points()) {
      path.append(text("%s%.1f %.1f", path.isEmpty() ? "M" : " L", x(point.x()), y(point.mean())));
      out.append(
          text(
              "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>"
                  + "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n",
              x(point.x()),
              y(point.low()),
              x(point.x()),
              y(point.high()),
              colour,
              x(point.x()),
              y(point.mean()),
              colour));
    }
    out.append(text("<path d=\"%s\" fill=\"none\" stroke=\"%s\"/>\n", path, colour));
  }

  private List<Double> xs() {
    return lines.stream()
        .flatMap(line -> line.points().stream())
        .map(Point::x)
        .distinct()
        .sorted()
        .toList();
  }

  private double x(double value) {
    List<Double> xs = xs();
    if (xs.size() < 2) {
      return LEFT + WIDTH / 2.0;
    }
    double share =
        even
            ? xs.indexOf(value) / (xs.size() - 1.0)
            : (value - xs.getFirst()) / (xs.getLast() - xs.getFirst());
    return LEFT + WIDTH * share;
  }

  private double y(double value) {
    double bounded = Math.clamp(value, low(), high());
    return TOP + HEIGHT * (high() - bounded) / (high() - low());
  }

  /** Shares have the axis from 0 to 1; anything else the room it needs. */
  private double low() {
    return isShare() ? 0 : 0.98 * all().min().orElse(0);
  }

  private double high() {
    return isShare() ? 1 : Math.max(1.02 * all().max().orElse(1), low() + 1e-9);
  }

  private boolean isShare() {
    return yLabel.startsWith("share");
  }

  private java.util.stream.DoubleStream all() {
    return lines.stream().flatMap(line -> line.points().stream()).mapToDouble(Point::mean);
  }

  private static String number(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1e7
        ? Long.toString((long) value)
        : text("%.3g", value);
  }

  @SuppressWarnings("AnnotateFormatMethod") // Its callers are here, and a test draws a chart.
  private static String text(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
