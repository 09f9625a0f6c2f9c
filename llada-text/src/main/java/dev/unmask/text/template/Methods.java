package dev.unmask.text.template;

import dev.unmask.text.template.Operations.Refusal;
import dev.unmask.text.template.Value.Items;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** The methods of texts and mappings a template can call. */
final class Methods {

  static final Set<String> NAMES =
      Set.of(
          "strip",
          "lstrip",
          "rstrip",
          "startswith",
          "endswith",
          "split",
          "upper",
          "lower",
          "title",
          "capitalize",
          "replace",
          "join",
          "get",
          "items",
          "keys",
          "values");

  private Methods() {}

  static Value call(Value of, Call call) {
    return switch (of) {
      case MarkedText text -> ofText(text, call);
      case Value.Fields fields -> ofMapping(fields, call);
      case Value.Undefined undefined ->
          throw new Refusal("'" + undefined.what() + "' is undefined and has no methods");
      default -> throw unknown(of, call);
    };
  }

  private static Value ofText(MarkedText text, Call call) {
    call.work().characters(text.length());
    return switch (call.name()) {
      case "strip" -> PythonText.strip(text, stripped(call), true, true);
      case "lstrip" -> PythonText.strip(text, stripped(call), true, false);
      case "rstrip" -> PythonText.strip(text, stripped(call), false, true);
      case "startswith" -> Value.of(any(text, call, String::startsWith));
      case "endswith" -> Value.of(any(text, call, String::endsWith));
      case "split" -> split(text, call.atMost(2, "sep", "maxsplit"));
      case "upper" -> PythonText.upper(text);
      case "lower" -> PythonText.lower(text);
      case "title" -> PythonText.title(text);
      case "capitalize" -> PythonText.capitalize(text);
      case "replace" -> replace(text, call.atMost(3, "count"));
      case "join" -> joined(text, Operations.items(call.atMost(1).required(0, "iterable")), call);
      default -> throw unknown(text, call);
    };
  }

  private static Value ofMapping(Value.Fields fields, Call call) {
    return switch (call.name()) {
      case "get" -> {
        Value found = fields.values().get(call.atMost(2).text(0, "key").chars());
        Value otherwise = call.argument(1, "default");
        yield found != null ? found : otherwise != null ? otherwise : Value.none();
      }
      case "items" -> pairs(fields);
      case "keys" -> new Items(Operations.items(fields));
      case "values" -> new Items(List.copyOf(fields.values().values()));
      default -> throw unknown(fields, call);
    };
  }

  static Items pairs(Value.Fields fields) {
    List<Value> pairs = new ArrayList<>();
    fields
        .values()
        .forEach((key, value) -> pairs.add(new Items(List.of(MarkedText.content(key), value))));
    return new Items(pairs);
  }

  /** All items as texts, with {@code separator} between them. */
  static MarkedText joined(MarkedText separator, List<Value> items, Call call) {
    MarkedText.Builder out = new MarkedText.Builder();
    for (int i = 0; i < items.size(); i++) {
      MarkedText next = Operations.text(items.get(i));
      call.work().characters((long) separator.length() + next.length());
      if (i > 0) {
        out.add(separator);
      }
      out.add(next);
    }
    return out.build();
  }

  static MarkedText replace(MarkedText text, Call call) {
    MarkedText old = call.text(0, "old");
    MarkedText fresh = call.text(1, "new");
    if (old.isEmpty()) {
      throw new Refusal("'replace' cannot replace an empty text");
    }
    call.work().characters(text.length() + (long) text.length() / old.length() * fresh.length());
    return PythonText.replace(text, old.chars(), fresh, call.count(2, "count"));
  }

  private static Value split(MarkedText text, Call call) {
    @Nullable Value separator = call.argument(0, "sep");
    long most = call.count(1, "maxsplit");
    if (separator == null || separator instanceof Value.None) {
      if (most >= 0) {
        throw new Refusal("'split' at white space takes no limit here");
      }
      return new Items(PythonText.words(text));
    }
    MarkedText at = Operations.needText(separator, "'split'");
    if (at.isEmpty()) {
      throw new Refusal("'split' cannot split at an empty text");
    }
    return new Items(PythonText.split(text, at.chars(), most));
  }

  private static IntPredicate stripped(Call call) {
    @Nullable Value given = call.atMost(1, "chars").argument(0, "chars");
    if (given == null || given instanceof Value.None) {
      return PythonText::isSpace;
    }
    String gone = Operations.needText(given, "'" + call.name() + "'").chars();
    return c -> gone.indexOf(c) >= 0;
  }

  private static boolean any(MarkedText text, Call call, BiPredicate<String, String> has) {
    Value given = call.atMost(1).required(0, "prefix");
    List<Value> options = given instanceof Items items ? items.values() : List.of(given);
    return options.stream()
        .anyMatch(one -> has.test(text.chars(), Operations.needText(one, call.name()).chars()));
  }

  private static Refusal unknown(Value of, Call call) {
    return new Refusal(of.kind() + " has no method '" + call.name() + "'");
  }
}
