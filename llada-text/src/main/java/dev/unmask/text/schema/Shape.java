package dev.unmask.text.schema;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.util.List;

/** What an answer looks like: everything but the values is known. */
public sealed interface Shape {

  /** An object with exactly these keys, in this order. */
  record Keys(List<Field> fields) implements Shape {
    public Keys {
      fields = List.copyOf(fields);
    }
  }

  /** A key of an object and what stands behind it. */
  record Field(String name, Shape shape) {}

  /** An array of exactly these items. */
  record Items(List<Shape> items) implements Shape {
    public Items {
      items = List.copyOf(items);
    }
  }

  /** A value that is no container: one of these, at least one. */
  record Value(List<Alternative> alternatives) implements Shape {
    public Value {
      alternatives = List.copyOf(alternatives);
    }
  }

  /** One thing that a value may be. */
  sealed interface Alternative {

    /**
     * A string.
     *
     * @param minLength in code points
     * @param maxLength in code points; {@link Integer#MAX_VALUE} when nothing is said
     */
    record Text(int minLength, int maxLength) implements Alternative {}

    /**
     * A number from {@code lowest} to {@code highest}, both included.
     *
     * @param fractionDigits most digits behind the point; 0 for whole numbers
     */
    record Numeral(BigDecimal lowest, BigDecimal highest, int fractionDigits)
        implements Alternative {}

    /** Exactly this: a string, a number, true, false or null. */
    record Literal(JsonNode value) implements Alternative {}
  }
}
