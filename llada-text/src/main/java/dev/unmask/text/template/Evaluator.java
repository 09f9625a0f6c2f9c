package dev.unmask.text.template;

import dev.unmask.text.template.Operations.Refusal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** Finds the values of expressions during one rendering. One thread. */
final class Evaluator {

  private final TemplateSource source;
  private final Work work;

  Evaluator(TemplateSource source, Work work) {
    this.source = source;
    this.work = work;
  }

  Value value(Expression expression, Scope scope) {
    work.step();
    return switch (expression) {
      case Expression.Constant constant -> constant.value();
      case Expression.Name name -> scope.get(name.name());
      case Expression.ListOf list -> new Value.Items(values(list.items(), scope));
      case Expression.MapOf map -> new Value.Fields(values(map.fields(), scope));
      case Expression.Field field -> {
        Value of = value(field.of(), scope);
        yield at(field.at(), () -> Operations.field(of, field.name()));
      }
      case Expression.Item item -> {
        Value of = value(item.of(), scope);
        Value key = value(item.key(), scope);
        yield at(item.at(), () -> counted(Operations.item(of, key), of));
      }
      case Expression.Slice slice -> slice(slice, scope);
      case Expression.Function function -> {
        Call call = call(function.name(), function.arguments(), scope);
        yield at(function.at(), () -> Functions.call(call));
      }
      case Expression.Method method -> {
        Value of = value(method.of(), scope);
        Call call = call(method.name(), method.arguments(), scope);
        yield at(method.at(), () -> Methods.call(of, call));
      }
      case Expression.Filter filter -> {
        Value of = value(filter.of(), scope);
        Call call = call(filter.name(), filter.arguments(), scope);
        yield at(filter.at(), () -> Filters.apply(of, call));
      }
      case Expression.Test test -> {
        Value of = value(test.of(), scope);
        List<Value> arguments = values(test.arguments(), scope);
        yield at(
            test.at(), () -> Value.of(Tests.holds(test.name(), of, arguments) != test.negated()));
      }
      case Expression.Sign sign -> {
        Value of = value(sign.of(), scope);
        yield at(
            sign.at(),
            () -> Operations.arithmetic(sign.minus() ? "-" : "+", Value.of(0), of, work));
      }
      case Expression.Not not -> Value.of(!truth(not.of(), scope));
      case Expression.And and -> {
        Value left = value(and.left(), scope);
        yield Operations.truth(left) ? value(and.right(), scope) : left;
      }
      case Expression.Or or -> {
        Value left = value(or.left(), scope);
        yield Operations.truth(left) ? left : value(or.right(), scope);
      }
      case Expression.Arithmetic sum -> {
        Value left = value(sum.left(), scope);
        Value right = value(sum.right(), scope);
        yield at(sum.at(), () -> Operations.arithmetic(sum.operator(), left, right, work));
      }
      case Expression.Joined joined -> {
        List<Value> parts = values(joined.parts(), scope);
        Call call = new Call("~", List.of(), Map.of(), work);
        yield at(joined.at(), () -> Methods.joined(MarkedText.EMPTY, parts, call));
      }
      case Expression.Comparison comparison -> Value.of(holds(comparison, scope));
      case Expression.Choice choice ->
          truth(choice.condition(), scope)
              ? value(choice.then(), scope)
              : choice.otherwise() == null
                  ? new Value.Undefined("the missing else")
                  : value(choice.otherwise(), scope);
    };
  }

  boolean truth(Expression expression, Scope scope) {
    return Operations.truth(value(expression, scope));
  }

  /**
   * Runs a step of the template at {@code at}; what it refuses becomes a sentence with its place.
   */
  <T> T at(int at, Supplier<T> step) {
    try {
      return step.get();
    } catch (Refusal e) {
      throw new ChatTemplateException(
          "The chat template, " + source.place(at) + ", cannot render this: " + e.why() + ".");
    }
  }

  private boolean holds(Expression.Comparison comparison, Scope scope) {
    Value left = value(comparison.first(), scope);
    for (Expression.Comparand next : comparison.rest()) {
      Value a = left;
      Value b = value(next.value(), scope);
      if (!at(comparison.at(), () -> Operations.compare(next.operator(), a, b))) {
        return false;
      }
      left = b;
    }
    return true;
  }

  private Call call(String name, Expression.Arguments arguments, Scope scope) {
    return new Call(
        name, values(arguments.positional(), scope), values(arguments.named(), scope), work);
  }

  private List<Value> values(List<Expression> expressions, Scope scope) {
    List<Value> values = new ArrayList<>(expressions.size());
    for (Expression expression : expressions) {
      values.add(value(expression, scope));
    }
    return values;
  }

  private Map<String, Value> values(Map<String, Expression> expressions, Scope scope) {
    Map<String, Value> values = new LinkedHashMap<>();
    expressions.forEach((name, expression) -> values.put(name, value(expression, scope)));
    return values;
  }

  /** Taking one character out of a text goes through the text. */
  private Value counted(Value item, Value of) {
    if (of instanceof MarkedText text) {
      work.characters(text.length());
    }
    return item;
  }

  private Value slice(Expression.Slice slice, Scope scope) {
    Value of = value(slice.of(), scope);
    Value from = slice.from() == null ? Value.none() : value(slice.from(), scope);
    Value to = slice.to() == null ? Value.none() : value(slice.to(), scope);
    Value step = slice.step() == null ? Value.none() : value(slice.step(), scope);
    return at(
        slice.at(),
        () -> {
          if (!(of instanceof Value.Items) && !(of instanceof MarkedText)) {
            throw new Refusal(of.kind() + " has no parts to cut out");
          }
          List<Value> items = Operations.items(of);
          work.characters(items.size());
          List<Value> taken = taken(items, from, to, step);
          return of instanceof Value.Items
              ? new Value.Items(taken)
              : Methods.joined(
                  MarkedText.EMPTY, taken, new Call("slice", List.of(), Map.of(), work));
        });
  }

  private static List<Value> taken(List<Value> items, Value from, Value to, Value step) {
    long by = step instanceof Value.None ? 1 : Operations.whole(step);
    if (by == 0) {
      throw new Refusal("a slice cannot go in steps of 0");
    }
    int size = items.size();
    long begin = bound(from, size, by > 0 ? 0 : size - 1, by);
    long end = bound(to, size, by > 0 ? size : -1, by);
    List<Value> taken = new ArrayList<>();
    for (long i = begin; by > 0 ? i < end : i > end; i += by) {
      taken.add(items.get((int) i));
    }
    return taken;
  }

  /** Python's rule: negative counts from the end, and what lies outside is cut off. */
  private static long bound(Value given, int size, long absent, long by) {
    if (given instanceof Value.None) {
      return absent;
    }
    long at = Operations.whole(given);
    at = at < 0 ? at + size : at;
    return by > 0 ? Math.clamp(at, 0, size) : Math.clamp(at, -1, size - 1);
  }
}
