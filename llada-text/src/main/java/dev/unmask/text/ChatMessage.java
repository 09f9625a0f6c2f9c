package dev.unmask.text;

import java.util.Objects;

/**
 * One message of a dialogue.
 *
 * @param role who speaks: {@code user}, {@code assistant} or {@code system}; the template writes
 *     any other role as it is
 * @param content what is said, as typed; the template trims it
 */
public record ChatMessage(String role, String content) {

  public ChatMessage {
    Objects.requireNonNull(role, "role");
    Objects.requireNonNull(content, "content");
  }
}
