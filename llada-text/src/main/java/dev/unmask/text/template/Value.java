package dev.unmask.text.template;

import java.util.List;
import java.util.Map;

/** What an expression of a template can stand for. Texts are {@link MarkedText}. */
sealed interface Value
    permits MarkedText,
        Value.Whole,
        Value.Real,
        Value.Truth,
        Value.None,
        Value.Undefined,
        Value.Items,
        Value.Fields,
        Value.Namespace,
        Value.Loop {

  record Whole(long number) implements Value {}

  record Real(double number) implements Value {}

  record Truth(boolean is) implements Value {}

  /** Python's None, JSON's null. */
  record None() implements Value {}

  /**
   * A name or field that does not exist: prints as nothing, is false, has no fields.
   *
   * @param what as it stands in the template, for error messages
   */
  record Undefined(String what) implements Value {}

  record Items(List<Value> values) implements Value {

    public Items {
      values = List.copyOf(values);
    }
  }

  /** A mapping with texts as keys, in order. */
  record Fields(Map<String, Value> values) implements Value {}

  /** The one mapping a template may change. */
  record Namespace(Map<String, Value> values) implements Value {}

  /** The {@code loop} variable. */
  record Loop(List<Value> items, int index) implements Value {}

  static Value none() {
    return new None();
  }

  static Value of(boolean is) {
    return new Truth(is);
  }

  static Value of(long number) {
    return new Whole(number);
  }

  /** How error messages call it. */
  default String kind() {
    return switch (this) {
      case MarkedText text -> "a text";
      case Whole number -> "a number";
      case Real number -> "a number";
      case Truth truth -> "a truth value";
      case None none -> "none";
      case Undefined undefined -> "'" + undefined.what() + "', which is undefined";
      case Items items -> "a list";
      case Fields fields -> "a mapping";
      case Namespace namespace -> "a namespace";
      case Loop loop -> "the loop variable";
    };
  }
}
