package dev.unmask.text.template;

import dev.unmask.text.template.Value.Fields;
import dev.unmask.text.template.Value.Items;
import dev.unmask.text.template.Value.Loop;
import dev.unmask.text.template.Value.Namespace;
import dev.unmask.text.template.Value.None;
import dev.unmask.text.template.Value.Real;
import dev.unmask.text.template.Value.Truth;
import dev.unmask.text.template.Value.Undefined;
import dev.unmask.text.template.Value.Whole;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What Python's operators do with the values of a template. Whatever Python would refuse ends in
 * {@link Refusal}.
 */
final class Operations {

  static final Set<String> LOOP_FIELDS =
      Set.of(
          "index",
          "index0",
          "revindex",
          "revindex0",
          "first",
          "last",
          "length",
          "previtem",
          "nextitem");

  /** How deep lists and mappings may nest where they are compared or printed. */
  static final int DEEPEST = 100;

  private Operations() {}

  /** Something a template may not do; the renderer adds the place. */
  static final class Refusal extends RuntimeException {

    private static final long serialVersionUID = 1;

    Refusal(String why) {
      super(why, null, false, false);
    }

    String why() {
      return String.valueOf(getMessage());
    }
  }

  static boolean truth(Value value) {
    return switch (value) {
      case MarkedText text -> !text.isEmpty();
      case Whole whole -> whole.number() != 0;
      case Real real -> real.number() != 0;
      case Truth truth -> truth.is();
      case None none -> false;
      case Undefined undefined -> false;
      case Items items -> !items.values().isEmpty();
      case Fields fields -> !fields.values().isEmpty();
      case Namespace namespace -> true;
      case Loop loop -> true;
    };
  }

  /** A value as Python prints it. */
  static MarkedText text(Value value) {
    return switch (value) {
      case MarkedText text -> text;
      case Whole whole -> MarkedText.literal(Long.toString(whole.number()));
      case Real real -> MarkedText.literal(Double.toString(real.number()));
      case Truth truth -> MarkedText.literal(truth.is() ? "True" : "False");
      case None none -> MarkedText.literal("None");
      case Undefined undefined -> MarkedText.EMPTY;
      case Items items -> throw new Refusal("a list cannot be printed; tojson makes a text of it");
      case Fields fields ->
          throw new Refusal("a mapping cannot be printed; tojson makes a text of it");
      case Namespace namespace -> throw new Refusal("a namespace cannot be printed");
      case Loop loop -> throw new Refusal("the loop variable cannot be printed");
    };
  }

  /** What a loop goes through. */
  static List<Value> items(Value value) {
    return switch (value) {
      case Items items -> items.values();
      case MarkedText text -> PythonText.characters(text);
      case Fields fields ->
          fields.values().keySet().stream().<Value>map(MarkedText::content).toList();
      case Undefined undefined -> List.of();
      default -> throw new Refusal(value.kind() + " has no items to go through");
    };
  }

  static boolean same(Value a, Value b) {
    return same(a, b, 0);
  }

  private static boolean same(Value a, Value b, int depth) {
    if (depth > DEEPEST) {
      throw new Refusal("lists nest deeper than " + DEEPEST + " levels");
    }
    if (isNumber(a) && isNumber(b)) {
      return (a instanceof Real || b instanceof Real) ? real(a) == real(b) : whole(a) == whole(b);
    }
    if (a instanceof MarkedText left && b instanceof MarkedText right) {
      return left.chars().equals(right.chars());
    }
    if (a instanceof Items left && b instanceof Items right) {
      boolean equal = left.values().size() == right.values().size();
      for (int i = 0; equal && i < left.values().size(); i++) {
        equal = same(left.values().get(i), right.values().get(i), depth + 1);
      }
      return equal;
    }
    if (a instanceof Fields left && b instanceof Fields right) {
      return left.values().keySet().equals(right.values().keySet())
          && left.values().entrySet().stream()
              .allMatch(e -> same(e.getValue(), field(right, e.getKey()), depth + 1));
    }
    return (a instanceof None && b instanceof None)
        || (a instanceof Undefined && b instanceof Undefined);
  }

  static boolean compare(String operator, Value a, Value b) {
    return switch (operator) {
      case "==" -> same(a, b);
      case "!=" -> !same(a, b);
      case "in" -> contains(b, a);
      case "not in" -> !contains(b, a);
      case "<" -> order(a, b) < 0;
      case "<=" -> order(a, b) <= 0;
      case ">" -> order(a, b) > 0;
      case ">=" -> order(a, b) >= 0;
      default -> throw new IllegalArgumentException(operator);
    };
  }

  private static boolean contains(Value container, Value item) {
    return switch (container) {
      case MarkedText text when item instanceof MarkedText part ->
          text.chars().contains(part.chars());
      case Items items -> items.values().stream().anyMatch(one -> same(one, item));
      case Fields fields when item instanceof MarkedText key ->
          fields.values().containsKey(key.chars());
      case Undefined undefined -> false;
      default -> throw new Refusal(container.kind() + " cannot hold " + item.kind());
    };
  }

  private static int order(Value a, Value b) {
    if (isNumber(a) && isNumber(b)) {
      return (a instanceof Real || b instanceof Real)
          ? Double.compare(real(a), real(b))
          : Long.compare(whole(a), whole(b));
    }
    if (a instanceof MarkedText left && b instanceof MarkedText right) {
      int[] x = left.chars().codePoints().toArray();
      int[] y = right.chars().codePoints().toArray();
      return Arrays.compare(x, y);
    }
    throw new Refusal(a.kind() + " and " + b.kind() + " have no order");
  }

  static Value arithmetic(String operator, Value a, Value b, Work work) {
    if (operator.equals("+") && a instanceof MarkedText left && b instanceof MarkedText right) {
      work.characters((long) left.length() + right.length());
      return left.plus(right);
    }
    if (operator.equals("+") && a instanceof Items left && b instanceof Items right) {
      work.characters((long) left.values().size() + right.values().size());
      return new Items(Stream.concat(left.values().stream(), right.values().stream()).toList());
    }
    if (!isNumber(a) || !isNumber(b)) {
      throw new Refusal("'" + operator + "' does not go with " + a.kind() + " and " + b.kind());
    }
    try {
      return (a instanceof Real || b instanceof Real || operator.equals("/"))
          ? new Real(reals(operator, real(a), real(b)))
          : Value.of(wholes(operator, whole(a), whole(b)));
    } catch (ArithmeticException e) {
      throw new Refusal("'" + operator + "' has no result for these numbers");
    }
  }

  private static long wholes(String operator, long a, long b) {
    return switch (operator) {
      case "+" -> Math.addExact(a, b);
      case "-" -> Math.subtractExact(a, b);
      case "*" -> Math.multiplyExact(a, b);
      case "//" -> Math.floorDiv(a, b);
      case "%" -> Math.floorMod(a, b);
      default -> throw new IllegalArgumentException(operator);
    };
  }

  private static double reals(String operator, double a, double b) {
    return switch (operator) {
      case "+" -> a + b;
      case "-" -> a - b;
      case "*" -> a * b;
      case "/" -> nonZero(a, b) / b;
      case "//" -> Math.floor(nonZero(a, b) / b);
      case "%" -> nonZero(a, b) - b * Math.floor(a / b);
      default -> throw new IllegalArgumentException(operator);
    };
  }

  private static double nonZero(double a, double divisor) {
    if (divisor == 0) {
      throw new ArithmeticException("division by zero");
    }
    return a;
  }

  /** {@code value.name}, and {@code value['name']} of a mapping. */
  static Value field(Value value, String name) {
    Value found =
        switch (value) {
          case Fields fields -> fields.values().get(name);
          case Namespace namespace -> namespace.values().get(name);
          case Loop loop -> loopField(loop, name);
          case Undefined undefined ->
              throw new Refusal("'" + undefined.what() + "' is undefined and has no fields");
          default -> null;
        };
    return found == null ? new Undefined(name) : found;
  }

  private static Value loopField(Loop loop, String name) {
    int index = loop.index();
    int length = loop.items().size();
    return switch (name) {
      case "index" -> Value.of(index + 1L);
      case "index0" -> Value.of(index);
      case "revindex" -> Value.of((long) length - index);
      case "revindex0" -> Value.of(length - index - 1L);
      case "first" -> Value.of(index == 0);
      case "last" -> Value.of(index == length - 1);
      case "length" -> Value.of(length);
      case "previtem" -> index == 0 ? new Undefined(name) : loop.items().get(index - 1);
      case "nextitem" -> index == length - 1 ? new Undefined(name) : loop.items().get(index + 1);
      default -> throw new Refusal("loop." + name + " is not known");
    };
  }

  /** {@code value[key]}: a negative number counts from the end. */
  static Value item(Value value, Value key) {
    if (key instanceof MarkedText name) {
      return field(value, name.chars());
    }
    if (value instanceof Undefined undefined) {
      throw new Refusal("'" + undefined.what() + "' is undefined and has no items");
    }
    if ((value instanceof Items || value instanceof MarkedText) && isInteger(key)) {
      List<Value> items = items(value);
      long at = whole(key) < 0 ? items.size() + whole(key) : whole(key);
      return at >= 0 && at < items.size()
          ? items.get((int) at)
          : new Undefined("[" + whole(key) + "]");
    }
    return new Undefined("[...]");
  }

  static Map<String, Value> mapping(Value value) {
    return switch (value) {
      case Fields fields -> fields.values();
      case Namespace namespace -> namespace.values();
      default -> throw new Refusal(value.kind() + " is no mapping");
    };
  }

  static boolean isNumber(Value value) {
    return value instanceof Whole || value instanceof Real || value instanceof Truth;
  }

  static boolean isInteger(Value value) {
    return value instanceof Whole || value instanceof Truth;
  }

  /** A whole number, as an index or a count. */
  static long whole(Value value) {
    return switch (value) {
      case Whole whole -> whole.number();
      case Truth truth -> truth.is() ? 1 : 0;
      default -> throw new Refusal("a whole number is needed, not " + value.kind());
    };
  }

  static double real(Value value) {
    return value instanceof Real real ? real.number() : whole(value);
  }

  static MarkedText needText(Value value, String where) {
    if (value instanceof MarkedText text) {
      return text;
    }
    throw new Refusal(where + " needs a text, not " + value.kind());
  }
}
