package dev.unmask.sft.dataset;

import dev.unmask.text.ChatMessage;
import java.util.List;

/** One line of a dialogue file: usable, or not and why. */
public sealed interface DatasetRow {

  /** The file's name as its owner knows it. */
  String file();

  /** Counted from 1. */
  long line();

  /** A dialogue: an optional system message, then user and assistant in turn. */
  record Dialogue(String file, long line, List<ChatMessage> messages) implements DatasetRow {
    public Dialogue {
      messages = List.copyOf(messages);
    }
  }

  /**
   * A line that is not used.
   *
   * @param pointer JSON pointer (RFC 6901) of what is wrong; empty for the whole line
   * @param sentence what is wrong and what would be right
   * @param excerpt the beginning of the line
   */
  record Rejected(
      String file, long line, String pointer, Reason reason, String sentence, String excerpt)
      implements DatasetRow {}

  /** Why a line is not used; the names are stable. */
  enum Reason {
    LINE_TOO_LONG,
    NOT_UTF8,
    NOT_JSON,
    NOT_AN_OBJECT,
    MESSAGES_MISSING,
    MESSAGE_NOT_AN_OBJECT,
    ROLE_UNKNOWN,
    CONTENT_NOT_TEXT,
    CONTENT_EMPTY,
    ROLES_OUT_OF_ORDER,
    NO_ASSISTANT_TURN,
    /** Found later, when the row is in tokens. */
    TOO_MANY_TOKENS
  }
}
