package dev.unmask.text.template;

/**
 * A chat template cannot be read. The message is one sentence with line and column: what stands
 * there, and that this subset of Jinja does not know it or what it would need to be.
 */
public final class TemplateSyntaxException extends Exception {

  TemplateSyntaxException(String message) {
    super(message);
  }
}
