package dev.unmask.text.schema;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import org.jspecify.annotations.Nullable;

/** Reads how large and how fine a number may be. */
final class NumberBounds {

  /** What a bound is when the schema says none. */
  private static final BigDecimal USUAL = new BigDecimal("999999999");

  /** The largest bound that is kept: a double holds all its digits. */
  private static final BigDecimal LARGEST = new BigDecimal("999999999999999");

  private static final int USUAL_DIGITS = 4;
  private static final int MOST_DIGITS = 9;

  private NumberBounds() {}

  static Shape.Alternative.Numeral read(JsonNode schema, String at, boolean whole)
      throws SchemaException {
    BigDecimal low = number(schema, at, "minimum");
    BigDecimal high = number(schema, at, "maximum");
    BigDecimal above = number(schema, at, "exclusiveMinimum");
    BigDecimal below = number(schema, at, "exclusiveMaximum");
    BigDecimal multiple = number(schema, at, "multipleOf");
    int digits = whole ? 0 : USUAL_DIGITS;
    if (!whole) {
      for (BigDecimal bound : new @Nullable BigDecimal[] {low, high, above, below}) {
        if (bound != null) {
          // One more than the bounds have, so that something lies between two of them.
          digits = Math.max(digits, Math.min(MOST_DIGITS, bound.scale() + 1));
        }
      }
    }
    if (multiple != null) {
      digits = Math.min(digits, digitsOf(multiple, at));
    }
    BigDecimal unit = BigDecimal.ONE.movePointLeft(digits);
    BigDecimal lowest = low == null ? null : low.setScale(digits, RoundingMode.CEILING);
    if (above != null) {
      BigDecimal next = above.setScale(digits, RoundingMode.FLOOR).add(unit);
      lowest = lowest == null ? next : lowest.max(next);
    }
    BigDecimal highest = high == null ? null : high.setScale(digits, RoundingMode.FLOOR);
    if (below != null) {
      BigDecimal next = below.setScale(digits, RoundingMode.CEILING).subtract(unit);
      highest = highest == null ? next : highest.min(next);
    }
    if (lowest == null) {
      lowest =
          highest == null || highest.compareTo(USUAL.negate()) > 0
              ? USUAL.negate()
              : highest.subtract(USUAL);
    }
    if (highest == null) {
      highest = lowest.compareTo(USUAL) < 0 ? USUAL : lowest.add(USUAL);
    }
    lowest = lowest.max(LARGEST.negate());
    highest = highest.min(LARGEST);
    if (lowest.compareTo(highest) > 0) {
      throw new SchemaException(
          at,
          "no "
              + (whole ? "integer" : "number with at most " + digits + " digits behind the point")
              + " of at most 15 digits lies within the bounds.");
    }
    return new Shape.Alternative.Numeral(lowest, highest, digits);
  }

  private static @Nullable BigDecimal number(JsonNode schema, String at, String keyword)
      throws SchemaException {
    JsonNode value = schema.get(keyword);
    if (value == null) {
      return null;
    }
    if (!value.isNumber()) {
      throw new SchemaException(at + "/" + keyword, "there must be a number.");
    }
    return SchemaReader.exact(value, at + "/" + keyword).stripTrailingZeros();
  }

  /** Digits behind the point of multiples of a power of ten. */
  private static int digitsOf(BigDecimal multiple, String at) throws SchemaException {
    if (!multiple.unscaledValue().equals(BigInteger.ONE)
        || multiple.scale() < 0
        || multiple.scale() > MOST_DIGITS) {
      throw new SchemaException(
          at + "/multipleOf",
          "only 1, 0.1, 0.01 and so on are laid out, as digits behind the point.");
    }
    return multiple.scale();
  }
}
