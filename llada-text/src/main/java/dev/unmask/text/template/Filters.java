package dev.unmask.text.template;

import dev.unmask.text.template.Operations.Refusal;
import dev.unmask.text.template.Value.Items;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The filters a template can apply. */
final class Filters {

  static final Set<String> NAMES =
      Set.of(
          "trim",
          "upper",
          "lower",
          "capitalize",
          "title",
          "default",
          "d",
          "length",
          "count",
          "join",
          "tojson",
          "first",
          "last",
          "string",
          "int",
          "list",
          "replace",
          "reverse",
          "items",
          "safe",
          "selectattr",
          "rejectattr",
          "map");

  private Filters() {}

  static Value apply(Value of, Call call) {
    return switch (call.name()) {
      case "trim" -> trim(of, call.atMost(1, "chars"));
      case "upper" -> PythonText.upper(counted(of, call.atMost(0)));
      case "lower" -> PythonText.lower(counted(of, call.atMost(0)));
      case "capitalize" -> PythonText.capitalize(counted(of, call.atMost(0)));
      case "title" -> PythonText.title(counted(of, call.atMost(0)));
      case "default", "d" -> otherwise(of, call.atMost(2, "default_value", "boolean"));
      case "length", "count" -> Value.of(length(of, call.atMost(0)));
      case "join" -> {
        @Nullable Value between = call.atMost(1, "d").argument(0, "d");
        yield Methods.joined(
            between == null ? MarkedText.EMPTY : Operations.text(between),
            Operations.items(of),
            call);
      }
      case "tojson" -> JsonText.of(of, call.atMost(1, "indent", "ensure_ascii"));
      case "first" -> end(of, call.atMost(0), true);
      case "last" -> end(of, call.atMost(0), false);
      case "string", "safe" -> counted(of, call.atMost(0));
      case "int" -> integer(of, call.atMost(1, "default"));
      case "list" -> new Items(Operations.items(of));
      case "replace" -> Methods.replace(Operations.text(of), call.atMost(3, "count"));
      case "reverse" -> reversed(of, call.atMost(0));
      case "items" -> {
        if (of instanceof Value.Undefined) {
          yield new Items(List.of());
        }
        if (of instanceof Value.Fields fields) {
          yield Methods.pairs(fields);
        }
        throw new Refusal("'items' needs a mapping, not " + of.kind());
      }
      case "selectattr" -> selected(of, call, true);
      case "rejectattr" -> selected(of, call, false);
      case "map" -> mapped(of, call.atMost(0, "attribute", "default"));
      default -> throw new IllegalArgumentException(call.name());
    };
  }

  private static MarkedText counted(Value of, Call call) {
    MarkedText text = Operations.text(of);
    call.work().characters(text.length());
    return text;
  }

  private static Value trim(Value of, Call call) {
    MarkedText text = counted(of, call);
    @Nullable Value chars = call.argument(0, "chars");
    if (chars == null || chars instanceof Value.None) {
      return PythonText.strip(text, PythonText::isSpace, true, true);
    }
    String gone = Operations.needText(chars, "'trim'").chars();
    return PythonText.strip(text, c -> gone.indexOf(c) >= 0, true, true);
  }

  private static Value otherwise(Value of, Call call) {
    boolean missing =
        of instanceof Value.Undefined || (call.flag(1, "boolean") && !Operations.truth(of));
    @Nullable Value instead = call.argument(0, "default_value");
    return !missing ? of : instead == null ? MarkedText.EMPTY : instead;
  }

  private static long length(Value of, Call call) {
    return switch (of) {
      case MarkedText text -> PythonText.length(text);
      case Items items -> items.values().size();
      case Value.Fields fields -> fields.values().size();
      case Value.Undefined undefined -> 0;
      default -> throw new Refusal(of.kind() + " has no " + call.name());
    };
  }

  private static Value end(Value of, Call call, boolean first) {
    List<Value> items = Operations.items(of);
    call.work().characters(items.size());
    return items.isEmpty()
        ? new Value.Undefined(call.name())
        : items.get(first ? 0 : items.size() - 1);
  }

  private static Value integer(Value of, Call call) {
    @Nullable Value instead = call.argument(0, "default");
    Value otherwise = instead == null ? Value.of(0) : instead;
    if (of instanceof MarkedText text) {
      String digits = PythonText.strip(text.chars());
      return digits.matches("[+-]?[0-9]{1,18}") ? Value.of(Long.parseLong(digits)) : otherwise;
    }
    return of instanceof Value.Real real
        ? Value.of((long) real.number())
        : Operations.isInteger(of) ? Value.of(Operations.whole(of)) : otherwise;
  }

  private static Value reversed(Value of, Call call) {
    List<Value> items = new ArrayList<>(Operations.items(of));
    Collections.reverse(items);
    return of instanceof MarkedText
        ? Methods.joined(MarkedText.EMPTY, items, call)
        : new Items(items);
  }

  private static Value selected(Value of, Call call, boolean wanted) {
    String attribute = call.text(0, "attribute").chars();
    List<Value> kept = new ArrayList<>();
    for (Value item : Operations.items(of)) {
      call.work().step();
      Value value = Operations.field(item, attribute);
      boolean holds =
          call.positional().size() < 2
              ? Operations.truth(value)
              : Tests.holds(
                  Tests.known(call.text(1, "test").chars()),
                  value,
                  call.positional().subList(2, call.positional().size()));
      if (holds == wanted) {
        kept.add(item);
      }
    }
    return new Items(kept);
  }

  private static Value mapped(Value of, Call call) {
    String attribute = Operations.needText(call.required(0, "attribute"), "'map'").chars();
    @Nullable Value instead = call.named().get("default");
    List<Value> values = new ArrayList<>();
    for (Value item : Operations.items(of)) {
      call.work().step();
      Value value = Operations.field(item, attribute);
      values.add(value instanceof Value.Undefined && instead != null ? instead : value);
    }
    return new Items(values);
  }
}
