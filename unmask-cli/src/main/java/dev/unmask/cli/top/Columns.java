package dev.unmask.cli.top;

import java.util.ArrayList;
import java.util.List;

/** A table whose columns are as wide as what stands in them. */
final class Columns {

  private static final String GAP = "  ";

  private final List<String> headings;
  private final List<List<String>> rows = new ArrayList<>();

  /**
   * @param headings one that begins with {@code >} has its cells at the right
   */
  Columns(String... headings) {
    this.headings = List.of(headings);
  }

  void row(String... cells) {
    if (cells.length != headings.size()) {
      throw new IllegalArgumentException(
          "a row has " + cells.length + " cells, the table " + headings.size() + " columns");
    }
    rows.add(List.of(cells));
  }

  boolean isEmpty() {
    return rows.isEmpty();
  }

  /** The headings, then the rows. */
  List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add(line(headings.stream().map(Columns::name).toList()));
    rows.forEach(row -> lines.add(line(row)));
    return lines;
  }

  private String line(List<String> cells) {
    StringBuilder line = new StringBuilder();
    for (int column = 0; column < cells.size(); column++) {
      String cell = cells.get(column);
      String padding = " ".repeat(Math.max(0, width(column) - cell.length()));
      line.append(column == 0 ? "" : GAP)
          .append(headings.get(column).startsWith(">") ? padding + cell : cell + padding);
    }
    return line.toString().stripTrailing();
  }

  private int width(int column) {
    int widest = name(headings.get(column)).length();
    for (List<String> row : rows) {
      widest = Math.max(widest, row.get(column).length());
    }
    return widest;
  }

  private static String name(String heading) {
    return heading.startsWith(">") ? heading.substring(1) : heading;
  }
}
