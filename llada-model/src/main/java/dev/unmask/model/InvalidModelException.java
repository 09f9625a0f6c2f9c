package dev.unmask.model;

/**
 * A model folder that cannot be used: its message says which file or field is wrong and what would
 * be right. What the message quotes from a file is made fit for a terminal: no control characters,
 * no endless names.
 */
public final class InvalidModelException extends Exception {

  private static final int LONGEST = 1_000;

  private static final long serialVersionUID = 1L;

  public InvalidModelException(String message) {
    super(printable(message));
  }

  public InvalidModelException(String message, Throwable cause) {
    super(printable(message), cause);
  }

  private static String printable(String message) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < message.length() && i < LONGEST; i++) {
      char c = message.charAt(i);
      boolean hidden =
          switch (Character.getType(c)) {
            case Character.CONTROL,
                Character.FORMAT,
                Character.LINE_SEPARATOR,
                Character.PARAGRAPH_SEPARATOR ->
                true;
            default -> false;
          };
      text.append(hidden ? String.format("\\u%04x", (int) c) : String.valueOf(c));
    }
    return message.length() > LONGEST ? text + "..." : text.toString();
  }
}
