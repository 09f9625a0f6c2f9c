package dev.unmask.cli.tools;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.Session;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/** Facts for people: one a line, groups indented under their name, long numbers with commas. */
final class FactSheet {

  private static final long LONG_NUMBER = 1_000_000;

  private FactSheet() {}

  static void print(Session session, ObjectNode facts) {
    for (Map.Entry<String, JsonNode> fact : facts.properties()) {
      JsonNode value = fact.getValue();
      if (value.isObject() && !value.isEmpty()) {
        session.out().println(title(fact.getKey()));
        value
            .properties()
            .forEach(field -> line(session, "  " + title(field.getKey()), field.getValue()));
      } else if (value.isArray() && !value.isEmpty() && value.get(0).isObject()) {
        session.out().println(title(fact.getKey()));
        value.forEach(each -> session.out().println("  " + text(each)));
      } else {
        line(session, title(fact.getKey()), value);
      }
    }
  }

  private static void line(Session session, String title, JsonNode value) {
    session.out().printf("%-32s %s%n", title, text(value));
  }

  private static String title(String name) {
    return name.replace('_', ' ');
  }

  static String text(JsonNode value) {
    if (value.isNull()) {
      return "none";
    }
    if (value.isArray()) {
      return value.isEmpty()
          ? "none"
          : StreamSupport.stream(value.spliterator(), false)
              .map(FactSheet::text)
              .collect(Collectors.joining(" "));
    }
    if (value.isObject()) {
      return value.properties().stream()
          .map(field -> title(field.getKey()) + " " + text(field.getValue()))
          .collect(Collectors.joining(", "));
    }
    return value.isIntegralNumber() && Math.abs(value.longValue()) >= LONG_NUMBER
        ? String.format(Locale.ROOT, "%,d", value.longValue())
        : value.asText();
  }
}
