package dev.unmask.text.template;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One expression of a parsed template; {@code at} is where errors point to. */
sealed interface Expression {

  record Constant(Value value) implements Expression {}

  record Name(String name) implements Expression {}

  record ListOf(List<Expression> items) implements Expression {}

  record MapOf(Map<String, Expression> fields) implements Expression {}

  record Field(Expression of, String name, int at) implements Expression {}

  record Item(Expression of, Expression key, int at) implements Expression {}

  record Slice(
      Expression of,
      @Nullable Expression from,
      @Nullable Expression to,
      @Nullable Expression step,
      int at)
      implements Expression {}

  record Function(String name, Arguments arguments, int at) implements Expression {}

  record Method(Expression of, String name, Arguments arguments, int at) implements Expression {}

  record Filter(Expression of, String name, Arguments arguments, int at) implements Expression {}

  record Test(Expression of, String name, List<Expression> arguments, boolean negated, int at)
      implements Expression {}

  /** {@code -x} and {@code +x}. */
  record Sign(boolean minus, Expression of, int at) implements Expression {}

  record Not(Expression of) implements Expression {}

  record And(Expression left, Expression right) implements Expression {}

  record Or(Expression left, Expression right) implements Expression {}

  /** {@code + - * / // %}. */
  record Arithmetic(String operator, Expression left, Expression right, int at)
      implements Expression {}

  /** {@code a ~ b ~ c}. */
  record Joined(List<Expression> parts, int at) implements Expression {}

  /** {@code a < b <= c}: each neighbour pair must hold. */
  record Comparison(Expression first, List<Comparand> rest, int at) implements Expression {}

  record Comparand(String operator, Expression value) {}

  /** {@code a if condition else b}. */
  record Choice(Expression condition, Expression then, @Nullable Expression otherwise)
      implements Expression {}

  record Arguments(List<Expression> positional, Map<String, Expression> named) {}
}
