package dev.unmask.sft.dataset;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;

/** Says in a sentence why a line is no JSON object, and what would be right. */
final class NotJson {

  private static final int NEAR = 12;

  private NotJson() {}

  static String sentence(String text, JsonProcessingException e) {
    String row = text.strip();
    if (!row.startsWith("{") && !row.startsWith("[")) {
      return "The row begins with \""
          + cut(row)
          + "\", which is no JSON: each line must be one object such as {\"messages\": [...]}.";
    }
    if (row.startsWith("{'")) {
      return "The row has single quotes around its keys; JSON wants double ones.";
    }
    if (row.endsWith("},")) {
      return "A comma follows the row's object; where each line is an object, nothing stands between"
          + " them.";
    }
    if (e instanceof JsonEOFException) {
      return "The row ends before its JSON does: a quote or bracket is not closed, or the object is"
          + " spread over several lines; each line must be a whole one.";
    }
    if (e instanceof MismatchedInputException) {
      return "More follows after the row's object; each object needs a line of its own.";
    }
    int at = e.getLocation() == null ? 0 : (int) Math.max(0, e.getLocation().getCharOffset() - 1);
    return "From character "
        + (at + 1)
        + " on, at \""
        + cut(text.substring(Math.min(at, text.length())))
        + "\", the row is no JSON.";
  }

  private static String cut(String text) {
    return text.length() <= NEAR
        ? text
        : text.substring(0, Character.isHighSurrogate(text.charAt(NEAR - 1)) ? NEAR - 1 : NEAR)
            + "…";
  }
}
