package dev.unmask.model.safetensors;

/** Names out of a file that nobody has vouched for, fit for a sentence on a terminal. */
final class Quoted {

  private static final int MOST = 80;

  private Quoted() {}

  /** {@code name} without control characters, and not longer than a line. */
  static String of(String name) {
    StringBuilder text = new StringBuilder();
    int[] points = name.codePoints().limit(MOST + 1L).toArray();
    for (int i = 0; i < Math.min(points.length, MOST); i++) {
      int type = Character.getType(points[i]);
      boolean shown =
          type != Character.CONTROL
              && type != Character.FORMAT
              && type != Character.SURROGATE
              && type != Character.LINE_SEPARATOR
              && type != Character.PARAGRAPH_SEPARATOR;
      if (shown) {
        text.appendCodePoint(points[i]);
      } else {
        text.append(String.format("\\u%04x", points[i]));
      }
    }
    if (points.length > MOST) {
      text.append("... (").append(name.length()).append(" characters)");
    }
    return text.isEmpty() ? "\"\"" : text.toString();
  }
}
