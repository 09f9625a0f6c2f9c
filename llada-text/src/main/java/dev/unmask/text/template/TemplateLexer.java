package dev.unmask.text.template;

import dev.unmask.text.template.Token.Kind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Cuts a template into tokens, with Jinja's white-space rules: {@code -} strips, the line break
 * after a block goes (trim_blocks), and so do blanks before one that begins its line
 * (lstrip_blocks), unless a {@code +} keeps them.
 */
final class TemplateLexer {

  private static final List<String> LONG_OPERATORS = List.of("==", "!=", "<=", ">=", "//", "**");
  private static final String OPERATORS = "+-*/%~[](){}<>=.:|,;";

  private final TemplateSource source;
  private final String text;
  private final List<Token> tokens = new ArrayList<>();
  private int at;

  /** Whether what was read last ended with a line break, so that a block may begin a line here. */
  private boolean lineBegins = true;

  private TemplateLexer(TemplateSource source) {
    this.source = source;
    this.text = source.text();
  }

  static List<Token> tokens(TemplateSource source) throws TemplateSyntaxException {
    TemplateLexer lexer = new TemplateLexer(source);
    lexer.read();
    return lexer.tokens;
  }

  private void read() throws TemplateSyntaxException {
    while (at < text.length()) {
      int open = nextOpening();
      if (open < 0) {
        data(text.substring(at));
        at = text.length();
        break;
      }
      char kind = text.charAt(open + 1);
      char sign = open + 2 < text.length() ? text.charAt(open + 2) : ' ';
      data(dataBefore(open, kind, sign));
      at = open + (sign == '-' || sign == '+' ? 3 : 2);
      switch (kind) {
        case '#' -> comment(open);
        case '%' -> inside(open, Kind.BLOCK_BEGIN, Kind.BLOCK_END, "%}");
        default -> inside(open, Kind.VARIABLE_BEGIN, Kind.VARIABLE_END, "}}");
      }
    }
    tokens.add(new Token(Kind.END, "", text.length()));
  }

  private int nextOpening() {
    for (int i = text.indexOf('{', at); i >= 0; i = text.indexOf('{', i + 1)) {
      if (i + 1 < text.length() && "{%#".indexOf(text.charAt(i + 1)) >= 0) {
        return i;
      }
    }
    return -1;
  }

  private String dataBefore(int open, char kind, char sign) {
    String data = text.substring(at, open);
    if (sign == '-') {
      int end = data.length();
      while (end > 0 && PythonText.isSpace(data.charAt(end - 1))) {
        end--;
      }
      return data.substring(0, end);
    }
    int line = data.lastIndexOf('\n') + 1;
    boolean blank = data.substring(line).chars().allMatch(PythonText::isSpace);
    return sign != '+' && kind != '{' && blank && (line > 0 || lineBegins)
        ? data.substring(0, line)
        : data;
  }

  private void data(String data) {
    if (!data.isEmpty()) {
      tokens.add(new Token(Kind.DATA, data, at));
    }
  }

  private void comment(int open) throws TemplateSyntaxException {
    int end = text.indexOf("#}", at);
    if (end < 0) {
      throw source.refused(open, "the comment {# is never closed");
    }
    close(end, end > at ? text.charAt(end - 1) : ' ', true);
  }

  /** Behind the two characters of an end: takes the white space that goes with it. */
  private void close(int end, char sign, boolean trimBlock) {
    at = end + 2;
    if (sign == '-') {
      while (at < text.length() && PythonText.isSpace(text.charAt(at))) {
        at++;
      }
    } else if (trimBlock && sign != '+' && at < text.length() && text.charAt(at) == '\n') {
      at++;
    }
    lineBegins = text.charAt(at - 1) == '\n';
  }

  private void inside(int open, Kind begin, Kind end, String closing)
      throws TemplateSyntaxException {
    tokens.add(new Token(begin, "", open));
    Deque<Character> brackets = new ArrayDeque<>();
    while (at < text.length()) {
      char c = text.charAt(at);
      boolean signed = c == '-' || (c == '+' && end == Kind.BLOCK_END);
      if (brackets.isEmpty() && text.startsWith(closing, signed ? at + 1 : at)) {
        tokens.add(new Token(end, "", at));
        close(signed ? at + 1 : at, signed ? c : ' ', end == Kind.BLOCK_END);
        return;
      }
      if (PythonText.isSpace(c)) {
        at++;
      } else if (isNameStart(c)) {
        word(Kind.NAME);
      } else if (c >= '0' && c <= '9') {
        number();
      } else if (c == '\'' || c == '"') {
        string(c);
      } else {
        operator(brackets);
      }
    }
    throw source.refused(open, "'" + text.substring(open, open + 2) + "' is never closed");
  }

  private void operator(Deque<Character> brackets) throws TemplateSyntaxException {
    char c = text.charAt(at);
    for (String operator : LONG_OPERATORS) {
      if (text.startsWith(operator, at)) {
        tokens.add(new Token(Kind.OPERATOR, operator, at));
        at += 2;
        return;
      }
    }
    if (OPERATORS.indexOf(c) < 0) {
      String shown = Character.toString(text.codePointAt(at));
      throw source.refused(at, "the character '" + shown + "' stands where no text may stand");
    }
    if ("([{".indexOf(c) >= 0) {
      brackets.push(c);
    } else if (")]}".indexOf(c) >= 0) {
      Character opened = brackets.poll();
      if (opened == null || "([{".indexOf(opened) != ")]}".indexOf(c)) {
        throw source.refused(at, "'" + c + "' closes nothing");
      }
    }
    tokens.add(new Token(Kind.OPERATOR, String.valueOf(c), at));
    at++;
  }

  private void word(Kind kind) {
    int from = at;
    while (at < text.length() && isNamePart(text.charAt(at))) {
      at++;
    }
    tokens.add(new Token(kind, text.substring(from, at), from));
  }

  private void number() throws TemplateSyntaxException {
    int from = at;
    while (at < text.length() && isDigit(text.charAt(at))) {
      at++;
    }
    boolean fraction =
        at + 1 < text.length() && text.charAt(at) == '.' && isDigit(text.charAt(at + 1));
    if (fraction) {
      at++;
      while (at < text.length() && isDigit(text.charAt(at))) {
        at++;
      }
    }
    if (at < text.length() && isNamePart(text.charAt(at))) {
      throw source.refused(from, "only decimal numbers such as 12 and 1.5 are known");
    }
    tokens.add(new Token(fraction ? Kind.FLOAT : Kind.INTEGER, text.substring(from, at), from));
  }

  private void string(char quote) throws TemplateSyntaxException {
    int from = at;
    StringBuilder value = new StringBuilder();
    at++;
    while (at < text.length() && text.charAt(at) != quote) {
      char c = text.charAt(at++);
      if (c == '\\' && at < text.length()) {
        escape(value);
      } else {
        value.append(c);
      }
    }
    if (at >= text.length()) {
      throw source.refused(from, "the string is never closed");
    }
    at++;
    tokens.add(new Token(Kind.STRING, value.toString(), from));
  }

  private void escape(StringBuilder value) throws TemplateSyntaxException {
    char c = text.charAt(at++);
    switch (c) {
      case '\n' -> {}
      case '\\', '\'', '"' -> value.append(c);
      case 'a' -> value.append('\u0007');
      case 'b' -> value.append('\b');
      case 'f' -> value.append('\f');
      case 'n' -> value.append('\n');
      case 'r' -> value.append('\r');
      case 't' -> value.append('\t');
      case 'v' -> value.append('\u000b');
      case 'x' -> codePoint(value, 2);
      case 'u' -> codePoint(value, 4);
      case 'U' -> codePoint(value, 8);
      case 'N', '0', '1', '2', '3', '4', '5', '6', '7' ->
          throw source.refused(at - 2, "the escape \\" + c + " is not known; use \\x, \\u or \\U");
      default -> value.append('\\').append(c);
    }
  }

  private void codePoint(StringBuilder value, int digits) throws TemplateSyntaxException {
    int end = Math.min(at + digits, text.length());
    String hex = text.substring(at, end);
    if (hex.length() < digits
        || !hex.chars().allMatch(c -> Character.digit(c, 16) >= 0 && c < 128)) {
      throw source.refused(at - 2, "the escape needs " + digits + " hexadecimal digits");
    }
    long code = Long.parseLong(hex, 16);
    if (code > Character.MAX_CODE_POINT
        || (code >= Character.MIN_SURROGATE && code <= Character.MAX_SURROGATE)) {
      throw source.refused(at - 2, "the escape names no character");
    }
    value.appendCodePoint((int) code);
    at = end;
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  private static boolean isNameStart(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  }

  private static boolean isNamePart(char c) {
    return isNameStart(c) || isDigit(c);
  }
}
