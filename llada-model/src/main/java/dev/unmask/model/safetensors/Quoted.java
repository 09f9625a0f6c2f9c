package dev.unmask.model.safetensors;

/** Names out of a file that nobody has vouched for, short enough for a sentence. */
final class Quoted {

  private static final int MOST = 80;

  private Quoted() {}

  /** {@code name}, cut when it is longer than a line. */
  static String of(String name) {
    if (name.isEmpty()) {
      return "\"\"";
    }
    return name.length() <= MOST
        ? name
        : name.substring(0, MOST) + "... (" + name.length() + " characters)";
  }
}
