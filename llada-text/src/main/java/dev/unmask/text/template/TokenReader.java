package dev.unmask.text.template;

import dev.unmask.text.template.Token.Kind;
import java.util.List;

/** The tokens of one template, read from left to right. One thread. */
final class TokenReader {

  /**
   * How deep blocks and brackets may nest, counting the operators of the expressions they stand in.
   */
  private static final int DEEPEST = 100;

  private final TemplateSource source;
  private final List<Token> tokens;
  private int next;
  private int depth;

  TokenReader(TemplateSource source) throws TemplateSyntaxException {
    this.source = source;
    this.tokens = TemplateLexer.tokens(source);
  }

  Token peek() {
    return tokens.get(next);
  }

  Token peekSecond() {
    return tokens.get(Math.min(next + 1, tokens.size() - 1));
  }

  Token take() {
    Token token = peek();
    if (token.kind() != Kind.END) {
      next++;
    }
    return token;
  }

  /** Takes the next token when it is this operator or name. */
  boolean skip(String operatorOrName) {
    boolean is = peek().is(operatorOrName);
    if (is) {
      next++;
    }
    return is;
  }

  void expect(String operatorOrName) throws TemplateSyntaxException {
    if (!skip(operatorOrName)) {
      throw unexpected("'" + operatorOrName + "'");
    }
  }

  Token expect(Kind kind, String what) throws TemplateSyntaxException {
    if (peek().kind() != kind) {
      throw unexpected(what);
    }
    return take();
  }

  TemplateSyntaxException unexpected(String wanted) {
    return refused(peek(), wanted + " should stand here, not " + peek().shown());
  }

  TemplateSyntaxException refused(Token token, String why) {
    return source.refused(token.at(), why);
  }

  /** Goes one level down; who does comes up again with {@link #restore}. */
  void descend() throws TemplateSyntaxException {
    if (++depth > DEEPEST) {
      throw refused(peek(), "this nests deeper than " + DEEPEST + " levels");
    }
  }

  int depth() {
    return depth;
  }

  void restore(int earlier) {
    depth = earlier;
  }
}
