package dev.unmask.text.schema;

/** A schema that cannot be laid out. The message is a sentence that names where and why. */
public final class SchemaException extends Exception {

  private final String pointer;

  SchemaException(String pointer, String reason) {
    super("The schema cannot be laid out: at " + pointer + " " + reason);
    this.pointer = pointer;
  }

  /** The JSON pointer of what is at fault, as a fragment such as {@code #/properties/age}. */
  public String pointer() {
    return pointer;
  }
}
