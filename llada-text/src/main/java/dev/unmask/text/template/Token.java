package dev.unmask.text.template;

/**
 * One piece of a template.
 *
 * @param text without quotes and with its escapes resolved where it is a string
 * @param at where it begins in the source
 */
record Token(Kind kind, String text, int at) {

  enum Kind {
    DATA,
    VARIABLE_BEGIN,
    VARIABLE_END,
    BLOCK_BEGIN,
    BLOCK_END,
    NAME,
    STRING,
    INTEGER,
    FLOAT,
    OPERATOR,
    END
  }

  boolean is(String operatorOrName) {
    return (kind == Kind.OPERATOR || kind == Kind.NAME) && text.equals(operatorOrName);
  }

  /** How error messages call it. */
  String shown() {
    return switch (kind) {
      case DATA -> "text";
      case VARIABLE_BEGIN -> "{{";
      case VARIABLE_END -> "}}";
      case BLOCK_BEGIN -> "{%";
      case BLOCK_END -> "%}";
      case STRING -> "a string";
      case END -> "the end of the template";
      case NAME, INTEGER, FLOAT, OPERATOR -> "'" + text + "'";
    };
  }
}
