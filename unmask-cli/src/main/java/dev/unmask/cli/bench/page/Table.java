package dev.unmask.cli.bench.page;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Locale;

/** A table in Markdown. */
final class Table {

  private final StringBuilder text = new StringBuilder();

  Table(String... heads) {
    row(List.of(heads));
    row(java.util.Collections.nCopies(heads.length, "---"));
  }

  Table row(List<String> cells) {
    text.append("| ").append(String.join(" | ", cells)).append(" |\n");
    return this;
  }

  /** A number with as many decimals as count; a dash where there is none. */
  static String number(JsonNode value) {
    if (!value.isNumber()) {
      return "–";
    }
    double number = value.asDouble();
    double size = Math.abs(number);
    String form =
        size >= 100 || number == Math.rint(number) ? "%.0f" : size >= 10 ? "%.1f" : "%.2f";
    return String.format(Locale.ROOT, form, number);
  }

  /** A share as a percentage. */
  static String percent(JsonNode value) {
    return value.isNumber() ? String.format(Locale.ROOT, "%.1f %%", 100 * value.asDouble()) : "–";
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
