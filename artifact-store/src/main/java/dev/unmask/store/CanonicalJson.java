package dev.unmask.store;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.charset.StandardCharsets;
import java.util.TreeMap;

/**
 * JSON with one possible spelling (RFC 8785): keys sorted, no white space, numbers as ECMAScript
 * prints them. One extension: whole numbers keep all their digits, also beyond 2^53.
 */
final class CanonicalJson {

  private CanonicalJson() {}

  static byte[] bytes(JsonNode node) {
    StringBuilder out = new StringBuilder();
    write(node, out);
    return out.toString().getBytes(StandardCharsets.UTF_8);
  }

  private static void write(JsonNode node, StringBuilder out) {
    switch (node.getNodeType()) {
      case OBJECT -> writeObject(node, out);
      case ARRAY -> {
        char separator = '[';
        for (JsonNode item : node) {
          out.append(separator);
          write(item, out);
          separator = ',';
        }
        out.append(separator == '[' ? "[]" : "]");
      }
      case STRING -> quote(node.textValue(), out);
      case NUMBER ->
          out.append(node.isIntegralNumber() ? node.bigIntegerValue() : number(node.doubleValue()));
      case BOOLEAN, NULL -> out.append(node.asText());
      default ->
          throw new IllegalArgumentException("a " + node.getNodeType() + " has no place in JSON");
    }
  }

  private static void writeObject(JsonNode node, StringBuilder out) {
    // String order is by UTF-16 units, as the RFC asks.
    TreeMap<String, JsonNode> sorted = new TreeMap<>();
    node.properties().forEach(e -> sorted.put(e.getKey(), e.getValue()));
    char separator = '{';
    for (var entry : sorted.entrySet()) {
      out.append(separator);
      quote(entry.getKey(), out);
      out.append(':');
      write(entry.getValue(), out);
      separator = ',';
    }
    out.append(separator == '{' ? "{}" : "}");
  }

  /** A finite number as ECMAScript's {@code Number.prototype.toString} prints it. */
  static String number(double value) {
    if (!Double.isFinite(value)) {
      throw new IllegalArgumentException(value + " has no form in JSON");
    }
    if (value == 0) {
      return "0";
    }
    String sign = value < 0 ? "-" : "";
    BigDecimal exact = shortest(Math.abs(value));
    String digits = exact.unscaledValue().toString();
    int point = digits.length() - exact.scale();
    if (point > 21 || point < -5) {
      String fraction = digits.length() > 1 ? "." + digits.substring(1) : "";
      int exponent = point - 1;
      return sign + digits.charAt(0) + fraction + "e" + (exponent < 0 ? "" : "+") + exponent;
    }
    return sign + exact.toPlainString();
  }

  private static BigDecimal shortest(double positive) {
    BigDecimal digits = new BigDecimal(Double.toString(positive)).stripTrailingZeros();
    // Double.toString gives the shortest digits that read back as the same number, but never
    // fewer than two: 4.9E-324 where one digit would do.
    BigDecimal one = digits.round(new MathContext(1));
    return one.doubleValue() == positive ? one.stripTrailingZeros() : digits;
  }

  private static void quote(String text, StringBuilder out) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\b' -> out.append("\\b");
        case '\t' -> out.append("\\t");
        case '\n' -> out.append("\\n");
        case '\f' -> out.append("\\f");
        case '\r' -> out.append("\\r");
        default -> {
          if (c < 0x20) {
            out.append(String.format("\\u%04x", (int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }
}
