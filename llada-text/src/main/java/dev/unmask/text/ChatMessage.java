package dev.unmask.text;

import java.util.Map;
import java.util.Objects;

/**
 * One message of a dialogue.
 *
 * @param role who speaks: {@code user}, {@code assistant} or {@code system}; most templates write
 *     any other role as it is
 * @param content what is said, as typed; some templates trim it
 */
public record ChatMessage(String role, String content) {

  public ChatMessage {
    Objects.requireNonNull(role, "role");
    Objects.requireNonNull(content, "content");
  }

  /** What a chat template sees; half a surrogate pair, which no tokenizer knows, as U+FFFD. */
  Map<String, String> fields() {
    return Map.of("role", StopStrings.wellFormed(role), "content", StopStrings.wellFormed(content));
  }
}
