package dev.unmask.sft.corpus;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A sentence with gaps: <code>{country}</code> takes the row's value, <code>{country's}</code> its
 * possessive, <code>{a animal}</code> the value with its article. The first letter becomes a
 * capital.
 */
record Template(String text) {

  private static final Pattern GAP = Pattern.compile("\\{(a )?([a-z]+)('s)?}");

  String fill(Map<String, String> row) {
    return capitalized(fillIn(row));
  }

  /** The placeholders, in their order. */
  List<String> gaps() {
    return GAP.matcher(text).results().map(gap -> gap.group(2)).distinct().toList();
  }

  /** The filled text as it stands, for an accepted answer. */
  String fillIn(Map<String, String> row) {
    Matcher gaps = GAP.matcher(text);
    StringBuilder filled = new StringBuilder();
    while (gaps.find()) {
      String value = row.get(gaps.group(2));
      if (value == null) {
        throw new IllegalStateException("no column for " + gaps.group() + " in: " + text);
      }
      if (gaps.group(1) != null) {
        value = ("aeiou".indexOf(value.charAt(0)) >= 0 ? "an " : "a ") + value;
      }
      if (gaps.group(3) != null) {
        value = value + (value.endsWith("s") ? "'" : "'s");
      }
      gaps.appendReplacement(filled, Matcher.quoteReplacement(value));
    }
    return gaps.appendTail(filled).toString();
  }

  static String capitalized(String text) {
    return text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1);
  }
}
