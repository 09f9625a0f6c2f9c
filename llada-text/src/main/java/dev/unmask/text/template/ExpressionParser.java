package dev.unmask.text.template;

import dev.unmask.text.template.Expression.Arguments;
import dev.unmask.text.template.Expression.Comparand;
import dev.unmask.text.template.Token.Kind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads expressions with Jinja's precedences. */
final class ExpressionParser {

  private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");

  /** Words that end an expression, so that they are no argument of a test. */
  private static final Set<String> AFTER_TEST =
      Set.of("else", "or", "and", "is", "if", "in", "not");

  private final TokenReader tokens;

  ExpressionParser(TokenReader tokens) {
    this.tokens = tokens;
  }

  /** {@code a if b else c}, and everything that binds closer. */
  Expression expression() throws TemplateSyntaxException {
    int depth = tokens.depth();
    tokens.descend();
    Expression value = or();
    while (tokens.skip("if")) {
      tokens.descend();
      Expression condition = or();
      Expression otherwise = tokens.skip("else") ? expression() : null;
      value = new Expression.Choice(condition, value, otherwise);
    }
    tokens.restore(depth);
    return value;
  }

  /** An expression without {@code if} of its own: the condition of an if, the items of a loop. */
  Expression condition() throws TemplateSyntaxException {
    int depth = tokens.depth();
    Expression value = or();
    tokens.restore(depth);
    return value;
  }

  private Expression or() throws TemplateSyntaxException {
    Expression left = and();
    while (tokens.skip("or")) {
      tokens.descend();
      left = new Expression.Or(left, and());
    }
    return left;
  }

  private Expression and() throws TemplateSyntaxException {
    Expression left = not();
    while (tokens.skip("and")) {
      tokens.descend();
      left = new Expression.And(left, not());
    }
    return left;
  }

  private Expression not() throws TemplateSyntaxException {
    if (tokens.skip("not")) {
      tokens.descend();
      return new Expression.Not(not());
    }
    return comparison();
  }

  private Expression comparison() throws TemplateSyntaxException {
    Token begin = tokens.peek();
    Expression first = sum();
    List<Comparand> rest = new ArrayList<>();
    while (true) {
      Token operator = tokens.peek();
      if (operator.kind() == Kind.OPERATOR && COMPARISONS.contains(operator.text())) {
        tokens.take();
        rest.add(new Comparand(operator.text(), sum()));
      } else if (tokens.skip("in")) {
        rest.add(new Comparand("in", sum()));
      } else if (operator.is("not") && tokens.peekSecond().is("in")) {
        tokens.take();
        tokens.take();
        rest.add(new Comparand("not in", sum()));
      } else {
        return rest.isEmpty()
            ? first
            : new Expression.Comparison(first, List.copyOf(rest), begin.at());
      }
    }
  }

  private Expression sum() throws TemplateSyntaxException {
    Expression left = joined();
    while (tokens.peek().is("+") || tokens.peek().is("-")) {
      tokens.descend();
      Token operator = tokens.take();
      left = new Expression.Arithmetic(operator.text(), left, joined(), operator.at());
    }
    return left;
  }

  private Expression joined() throws TemplateSyntaxException {
    Token begin = tokens.peek();
    List<Expression> parts = new ArrayList<>(List.of(product()));
    while (tokens.skip("~")) {
      parts.add(product());
    }
    return parts.size() == 1 ? parts.get(0) : new Expression.Joined(List.copyOf(parts), begin.at());
  }

  private Expression product() throws TemplateSyntaxException {
    Expression left = unary(true);
    while (tokens.peek().kind() == Kind.OPERATOR
        && Set.of("*", "/", "//", "%").contains(tokens.peek().text())) {
      tokens.descend();
      Token operator = tokens.take();
      left = new Expression.Arithmetic(operator.text(), left, unary(true), operator.at());
    }
    if (tokens.peek().is("**")) {
      throw tokens.refused(tokens.peek(), "the operator '**' is not known");
    }
    return left;
  }

  private Expression unary(boolean withFilters) throws TemplateSyntaxException {
    Token token = tokens.peek();
    Expression value;
    if (token.is("-") || token.is("+")) {
      tokens.take();
      tokens.descend();
      value = new Expression.Sign(token.is("-"), unary(false), token.at());
    } else {
      value = primary();
    }
    value = postfix(value);
    return withFilters ? filters(value) : value;
  }

  private Expression primary() throws TemplateSyntaxException {
    Token token = tokens.peek();
    return switch (token.kind()) {
      case NAME -> name();
      case STRING -> string();
      case INTEGER -> integer();
      case FLOAT -> {
        tokens.take();
        yield new Expression.Constant(new Value.Real(Double.parseDouble(token.text())));
      }
      case OPERATOR ->
          switch (token.text()) {
            case "(" -> parenthesis();
            case "[" -> new Expression.ListOf(listed("[", "]"));
            case "{" -> mapping();
            default -> throw tokens.unexpected("a value");
          };
      default -> throw tokens.unexpected("a value");
    };
  }

  private Expression name() {
    String name = tokens.take().text();
    return switch (name) {
      case "true", "True" -> new Expression.Constant(Value.of(true));
      case "false", "False" -> new Expression.Constant(Value.of(false));
      case "none", "None" -> new Expression.Constant(Value.none());
      default -> new Expression.Name(name);
    };
  }

  private Expression string() {
    StringBuilder text = new StringBuilder();
    while (tokens.peek().kind() == Kind.STRING) {
      text.append(tokens.take().text());
    }
    return new Expression.Constant(MarkedText.literal(text.toString()));
  }

  private Expression integer() throws TemplateSyntaxException {
    Token token = tokens.take();
    if (token.text().length() > 18) {
      throw tokens.refused(token, "the number has more than 18 digits");
    }
    return new Expression.Constant(Value.of(Long.parseLong(token.text())));
  }

  private Expression parenthesis() throws TemplateSyntaxException {
    tokens.expect("(");
    if (tokens.skip(")")) {
      return new Expression.ListOf(List.of());
    }
    Expression first = expression();
    if (tokens.skip(")")) {
      return first;
    }
    List<Expression> items = new ArrayList<>(List.of(first));
    while (!tokens.skip(")")) {
      tokens.expect(",");
      if (!tokens.peek().is(")")) {
        items.add(expression());
      }
    }
    return new Expression.ListOf(List.copyOf(items));
  }

  private List<Expression> listed(String open, String close) throws TemplateSyntaxException {
    tokens.expect(open);
    List<Expression> items = new ArrayList<>();
    while (!tokens.skip(close)) {
      if (!items.isEmpty()) {
        tokens.expect(",");
        if (tokens.skip(close)) {
          break;
        }
      }
      items.add(expression());
    }
    return List.copyOf(items);
  }

  private Expression mapping() throws TemplateSyntaxException {
    tokens.expect("{");
    Map<String, Expression> fields = new LinkedHashMap<>();
    while (!tokens.skip("}")) {
      if (!fields.isEmpty()) {
        tokens.expect(",");
        if (tokens.skip("}")) {
          break;
        }
      }
      Token key = tokens.expect(Kind.STRING, "a string, the only kind of key that is known,");
      tokens.expect(":");
      fields.put(key.text(), expression());
    }
    return new Expression.MapOf(fields);
  }

  private Expression postfix(Expression start) throws TemplateSyntaxException {
    Expression value = start;
    while (true) {
      Token token = tokens.peek();
      if (token.is("(") && value instanceof Expression.Name function) {
        value = call(function.name(), token);
      } else if (token.is("(")) {
        throw tokens.refused(token, "only functions and methods can be called");
      } else if (tokens.skip(".")) {
        tokens.descend();
        Token name = tokens.expect(Kind.NAME, "the name of a field");
        value =
            tokens.peek().is("(")
                ? method(value, name)
                : new Expression.Field(value, field(value, name), name.at());
      } else if (token.is("[")) {
        tokens.descend();
        value = subscript(value);
      } else {
        return value;
      }
    }
  }

  private String field(Expression of, Token name) throws TemplateSyntaxException {
    if (of instanceof Expression.Name loop
        && loop.name().equals("loop")
        && !Operations.LOOP_FIELDS.contains(name.text())) {
      throw tokens.refused(name, "loop." + name.text() + " is not known");
    }
    return name.text();
  }

  private Expression call(String function, Token at) throws TemplateSyntaxException {
    if (!Functions.NAMES.contains(function)) {
      throw tokens.refused(at, "the function '" + function + "' is not known");
    }
    return new Expression.Function(function, arguments(), at.at());
  }

  private Expression method(Expression of, Token name) throws TemplateSyntaxException {
    if (!Methods.NAMES.contains(name.text())) {
      throw tokens.refused(name, "the method '" + name.text() + "' is not known");
    }
    return new Expression.Method(of, name.text(), arguments(), name.at());
  }

  private Expression subscript(Expression of) throws TemplateSyntaxException {
    Token open = tokens.take();
    Expression from = tokens.peek().is(":") ? null : expression();
    if (from != null && tokens.skip("]")) {
      return new Expression.Item(of, from, open.at());
    }
    tokens.expect(":");
    Expression to = sliceEnd();
    Expression step = tokens.skip(":") ? sliceEnd() : null;
    tokens.expect("]");
    return new Expression.Slice(of, from, to, step, open.at());
  }

  private @Nullable Expression sliceEnd() throws TemplateSyntaxException {
    return tokens.peek().is(":") || tokens.peek().is("]") ? null : expression();
  }

  private Expression filters(Expression start) throws TemplateSyntaxException {
    Expression value = start;
    while (true) {
      if (tokens.skip("|")) {
        tokens.descend();
        Token name = tokens.expect(Kind.NAME, "the name of a filter");
        if (!Filters.NAMES.contains(name.text())) {
          throw tokens.refused(name, "the filter '" + name.text() + "' is not known");
        }
        Arguments arguments =
            tokens.peek().is("(") ? arguments() : new Arguments(List.of(), Map.of());
        value = new Expression.Filter(value, name.text(), arguments, name.at());
      } else if (tokens.skip("is")) {
        tokens.descend();
        value = test(value);
        if (tokens.peek().is("is")) {
          throw tokens.refused(tokens.peek(), "tests cannot be chained with 'is'");
        }
      } else {
        return value;
      }
    }
  }

  private Expression test(Expression of) throws TemplateSyntaxException {
    boolean negated = tokens.skip("not");
    Token name =
        tokens.peek().is("in") ? tokens.take() : tokens.expect(Kind.NAME, "the name of a test");
    if (!Tests.NAMES.contains(name.text())) {
      throw tokens.refused(name, "the test '" + name.text() + "' is not known");
    }
    List<Expression> arguments = List.of();
    Token next = tokens.peek();
    if (next.is("(")) {
      arguments = listed("(", ")");
    } else if (switch (next.kind()) {
      case NAME -> !AFTER_TEST.contains(next.text());
      case STRING, INTEGER, FLOAT -> true;
      default -> next.is("[") || next.is("{");
    }) {
      arguments = List.of(postfix(primary()));
    }
    if (arguments.size() != Tests.arguments(name.text())) {
      throw tokens.refused(
          name,
          "the test '"
              + name.text()
              + "' takes "
              + Tests.arguments(name.text())
              + " arguments, not "
              + arguments.size());
    }
    return new Expression.Test(of, name.text(), arguments, negated, name.at());
  }

  private Arguments arguments() throws TemplateSyntaxException {
    tokens.expect("(");
    List<Expression> positional = new ArrayList<>();
    Map<String, Expression> named = new LinkedHashMap<>();
    while (!tokens.skip(")")) {
      if (!positional.isEmpty() || !named.isEmpty()) {
        tokens.expect(",");
        if (tokens.skip(")")) {
          break;
        }
      }
      if (tokens.peek().kind() == Kind.NAME && tokens.peekSecond().is("=")) {
        String name = tokens.take().text();
        tokens.take();
        named.put(name, expression());
      } else if (named.isEmpty()) {
        positional.add(expression());
      } else {
        throw tokens.unexpected("an argument with a name");
      }
    }
    return new Arguments(List.copyOf(positional), named);
  }
}
