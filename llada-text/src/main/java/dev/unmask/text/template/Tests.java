package dev.unmask.text.template;

import dev.unmask.text.template.Operations.Refusal;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The tests a template can make with {@code is}. */
final class Tests {

  private static final Map<String, String> WITH_ARGUMENT =
      Map.ofEntries(
          Map.entry("equalto", "=="),
          Map.entry("eq", "=="),
          Map.entry("sameas", "=="),
          Map.entry("ne", "!="),
          Map.entry("lt", "<"),
          Map.entry("le", "<="),
          Map.entry("gt", ">"),
          Map.entry("ge", ">="),
          Map.entry("in", "in"));

  private static final Set<String> ALONE =
      Set.of(
          "defined",
          "undefined",
          "none",
          "string",
          "number",
          "integer",
          "float",
          "boolean",
          "true",
          "false",
          "mapping",
          "sequence",
          "iterable",
          "odd",
          "even");

  static final Set<String> NAMES =
      Stream.concat(WITH_ARGUMENT.keySet().stream(), ALONE.stream())
          .collect(Collectors.toUnmodifiableSet());

  private Tests() {}

  static int arguments(String name) {
    return WITH_ARGUMENT.containsKey(name) ? 1 : 0;
  }

  /** A name that stands in a text, where the parser does not see it. */
  static String known(String name) {
    if (!NAMES.contains(name)) {
      throw new Refusal("the test '" + name + "' is not known");
    }
    return name;
  }

  static boolean holds(String name, Value value, List<Value> arguments) {
    if (arguments.size() != arguments(name)) {
      throw new Refusal("the test '" + name + "' takes " + arguments(name) + " arguments");
    }
    String operator = WITH_ARGUMENT.get(name);
    if (operator != null) {
      return Operations.compare(operator, value, arguments.get(0));
    }
    return switch (name) {
      case "defined" -> !(value instanceof Value.Undefined);
      case "undefined" -> value instanceof Value.Undefined;
      case "none" -> value instanceof Value.None;
      case "string" -> value instanceof MarkedText;
      case "number" -> Operations.isNumber(value);
      case "integer" -> value instanceof Value.Whole;
      case "float" -> value instanceof Value.Real;
      case "boolean" -> value instanceof Value.Truth;
      case "true" -> value instanceof Value.Truth truth && truth.is();
      case "false" -> value instanceof Value.Truth truth && !truth.is();
      case "mapping" -> value instanceof Value.Fields;
      case "sequence", "iterable" ->
          value instanceof Value.Items
              || value instanceof Value.Fields
              || value instanceof MarkedText
              || value instanceof Value.Undefined;
      case "odd" -> Math.floorMod(Operations.whole(value), 2L) == 1;
      case "even" -> Math.floorMod(Operations.whole(value), 2L) == 0;
      default -> throw new IllegalArgumentException(name);
    };
  }
}
