package dev.unmask.sft.tasks;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;

/** Results files as an SVG: a row for each task, in it a bar for each file. Pure functions. */
final class ResultsPlot {

  private static final int LABEL = 190;
  private static final int SCALE = 460;
  private static final int BAR = 12;
  private static final int GAP = 10;
  private static final int TOP = 30;

  /** Told apart by people who do not see all colours, too. */
  private static final List<String> COLOURS =
      List.of("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00");

  private ResultsPlot() {}

  static String svg(List<ResultsFile> files) {
    List<String> rows = new ArrayList<>();
    rows.add("all");
    TreeSet<String> tasks = new TreeSet<>();
    files.forEach(file -> tasks.addAll(file.tasks().keySet()));
    if (tasks.size() > 1) {
      rows.addAll(tasks);
    }
    int rowHeight = files.size() * BAR + GAP;
    int height = TOP + rows.size() * rowHeight + 24 + files.size() * 16;
    StringBuilder out = new StringBuilder();
    out.append(
        String.format(
            Locale.ROOT,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\""
                + " font-family=\"sans-serif\" font-size=\"11\">\n"
                + "<title>Share of right answers</title>\n"
                + "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
            LABEL + SCALE + 30,
            height));
    axis(out, TOP + rows.size() * rowHeight);
    for (int i = 0; i < rows.size(); i++) {
      row(out, rows.get(i), files, TOP + i * rowHeight);
    }
    for (int f = 0; f < files.size(); f++) {
      int y = TOP + rows.size() * rowHeight + 28 + f * 16;
      out.append(
          String.format(
              Locale.ROOT,
              "<rect x=\"%d\" y=\"%d\" width=\"10\" height=\"10\" fill=\"%s\"/>"
                  + "<text x=\"%d\" y=\"%d\">%s</text>\n",
              LABEL,
              y,
              colour(f),
              LABEL + 16,
              y + 9,
              escaped(files.get(f).name())));
    }
    return out.append("</svg>\n").toString();
  }

  private static void axis(StringBuilder out, int bottom) {
    for (int percent = 0; percent <= 100; percent += 20) {
      int x = LABEL + SCALE * percent / 100;
      out.append(
          String.format(
              Locale.ROOT,
              "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#ddd\"/>"
                  + "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%d %%</text>\n",
              x,
              TOP - 6,
              x,
              bottom,
              x,
              TOP - 12,
              percent));
    }
  }

  private static void row(StringBuilder out, String task, List<ResultsFile> files, int y) {
    out.append(
        String.format(
            Locale.ROOT,
            "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n",
            LABEL - 8,
            y + files.size() * BAR / 2 + 4,
            escaped(task)));
    for (int f = 0; f < files.size(); f++) {
      ResultsFile file = files.get(f);
      ResultsFile.Share share = task.equals("all") ? file.all() : file.tasks().get(task);
      if (share != null) {
        int top = y + f * BAR;
        double middle = top + (BAR - 2) / 2.0;
        out.append(
            String.format(
                Locale.ROOT,
                "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>"
                    + "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#222\"/>\n",
                LABEL,
                top,
                SCALE * share.accuracy(),
                BAR - 2,
                colour(f),
                LABEL + SCALE * share.low(),
                middle,
                LABEL + SCALE * share.high(),
                middle));
      }
    }
  }

  private static String colour(int file) {
    return COLOURS.get(file % COLOURS.size());
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
