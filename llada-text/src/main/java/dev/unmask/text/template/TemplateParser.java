package dev.unmask.text.template;

import dev.unmask.text.template.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Reads the statements of a template. */
final class TemplateParser {

  private final TokenReader tokens;
  private final ExpressionParser expressions;
  private int loops;

  private TemplateParser(TokenReader tokens) {
    this.tokens = tokens;
    this.expressions = new ExpressionParser(tokens);
  }

  static List<Node> parse(TemplateSource source) throws TemplateSyntaxException {
    TemplateParser parser = new TemplateParser(new TokenReader(source));
    List<Node> nodes = parser.body(Set.of());
    if (parser.tokens.peek().kind() != Kind.END) {
      throw parser.tokens.unexpected("the end of the template");
    }
    return nodes;
  }

  /** Statements up to the block that begins with one of {@code ends}, whose name is taken. */
  private List<Node> body(Set<String> ends) throws TemplateSyntaxException {
    int depth = tokens.depth();
    tokens.descend();
    List<Node> nodes = new ArrayList<>();
    while (true) {
      Token token = tokens.peek();
      switch (token.kind()) {
        case DATA -> nodes.add(new Node.Data(MarkedText.literal(tokens.take().text())));
        case VARIABLE_BEGIN -> nodes.add(print());
        case BLOCK_BEGIN -> {
          if (ends.contains(tokens.peekSecond().text())) {
            tokens.restore(depth);
            return List.copyOf(nodes);
          }
          nodes.add(statement());
        }
        default -> {
          if (!ends.isEmpty()) {
            throw tokens.unexpected(
                "{% " + String.join(" or ", ends.stream().sorted().toList()) + " %}");
          }
          tokens.restore(depth);
          return List.copyOf(nodes);
        }
      }
    }
  }

  private Node print() throws TemplateSyntaxException {
    Token open = tokens.take();
    Expression value = expressions.expression();
    tokens.expect(Kind.VARIABLE_END, "}}");
    return new Node.Print(value, open.at());
  }

  private Node statement() throws TemplateSyntaxException {
    tokens.take();
    Token name = tokens.expect(Kind.NAME, "the name of a statement");
    return switch (name.text()) {
      case "if" -> conditional();
      case "for" -> loop(name);
      case "set" -> assignment();
      case "generation" -> {
        endBlock();
        List<Node> body = body(Set.of("endgeneration"));
        end("endgeneration");
        yield new Node.Group(body);
      }
      case "break", "continue" -> jump(name);
      default ->
          throw tokens.refused(
              name,
              "the statement '"
                  + name.text()
                  + "' is not known here; for, if, set, break, continue and generation are");
    };
  }

  private Node jump(Token name) throws TemplateSyntaxException {
    if (loops == 0) {
      throw tokens.refused(name, "'" + name.text() + "' stands outside every loop");
    }
    endBlock();
    return name.is("break") ? new Node.Break() : new Node.Continue();
  }

  private Node conditional() throws TemplateSyntaxException {
    List<Node.Branch> branches = new ArrayList<>();
    do {
      Expression condition = expressions.condition();
      endBlock();
      branches.add(new Node.Branch(condition, body(Set.of("elif", "else", "endif"))));
      tokens.take();
    } while (tokens.skip("elif"));
    List<Node> otherwise = List.of();
    if (tokens.skip("else")) {
      endBlock();
      otherwise = body(Set.of("endif"));
      tokens.take();
    }
    tokens.expect("endif");
    endBlock();
    return new Node.If(List.copyOf(branches), otherwise);
  }

  private Node loop(Token at) throws TemplateSyntaxException {
    List<String> names = new ArrayList<>();
    boolean bracket = tokens.skip("(");
    do {
      names.add(target());
    } while (tokens.skip(","));
    if (bracket) {
      tokens.expect(")");
    }
    tokens.expect("in");
    Expression items = expressions.condition();
    Expression filter = tokens.skip("if") ? expressions.expression() : null;
    endBlock();
    loops++;
    List<Node> body = body(Set.of("else", "endfor"));
    loops--;
    tokens.take();
    List<Node> otherwise = List.of();
    if (tokens.skip("else")) {
      endBlock();
      otherwise = body(Set.of("endfor"));
      tokens.take();
    }
    tokens.expect("endfor");
    endBlock();
    return new Node.For(List.copyOf(names), items, filter, body, otherwise, at.at());
  }

  private Node assignment() throws TemplateSyntaxException {
    Token name = tokens.peek();
    String target = target();
    if (tokens.skip(".")) {
      String field = tokens.expect(Kind.NAME, "the name of a field").text();
      tokens.expect("=");
      Expression value = expressions.expression();
      endBlock();
      return new Node.SetField(target, field, value, name.at());
    }
    if (tokens.skip("=")) {
      Expression value = expressions.expression();
      endBlock();
      return new Node.Set(target, value);
    }
    if (tokens.peek().kind() != Kind.BLOCK_END) {
      throw tokens.unexpected("'='");
    }
    endBlock();
    // A loop around the block is not left from inside it.
    int outer = loops;
    loops = 0;
    List<Node> body = body(Set.of("endset"));
    loops = outer;
    end("endset");
    return new Node.SetBlock(target, body);
  }

  private String target() throws TemplateSyntaxException {
    Token name = tokens.expect(Kind.NAME, "the name of a variable");
    if (Set.of("loop", "true", "false", "none", "True", "False", "None").contains(name.text())) {
      throw tokens.refused(name, "'" + name.text() + "' cannot be given a value");
    }
    return name.text();
  }

  private void end(String name) throws TemplateSyntaxException {
    tokens.take();
    tokens.expect(name);
    endBlock();
  }

  private void endBlock() throws TemplateSyntaxException {
    tokens.expect(Kind.BLOCK_END, "%}");
  }
}
