package dev.unmask.text.schema;

import com.fasterxml.jackson.databind.JsonNode;
import dev.unmask.text.schema.Shape.Alternative;

/** Which values are of which kind. */
final class Overlap {

  private Overlap() {}

  /** Whether a value could be both; in doubt it could. */
  static boolean between(Alternative one, Alternative other) {
    if (one instanceof Alternative.Literal a && other instanceof Alternative.Literal b) {
      boolean numbers = a.value().isNumber() && b.value().isNumber();
      return numbers
          ? a.value().decimalValue().compareTo(b.value().decimalValue()) == 0
          : a.value().equals(b.value());
    }
    return kind(one).equals(kind(other));
  }

  private static String kind(Alternative one) {
    return switch (one) {
      case Alternative.Text text -> "string";
      case Alternative.Numeral number -> "number";
      case Alternative.Literal literal ->
          literal.value().isTextual()
              ? "string"
              : literal.value().isNumber() ? "number" : literal.value().toString();
    };
  }

  /** Whether a scalar is of a JSON Schema type. */
  static boolean isOf(JsonNode value, String type) {
    return switch (type) {
      case "string" -> value.isTextual();
      case "boolean" -> value.isBoolean();
      case "null" -> value.isNull();
      case "number" -> value.isNumber();
      case "integer" -> value.isNumber() && value.decimalValue().stripTrailingZeros().scale() <= 0;
      default -> false;
    };
  }
}
