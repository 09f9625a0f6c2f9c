package dev.unmask.sft.dataset;

import dev.unmask.text.ChatMessage;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One row of a dataset: usable, or not and why. Immutable. */
public sealed interface DatasetRow {

  /** The file's name as its owner knows it. */
  String file();

  /** Counted from 1. */
  long line();

  /**
   * Where a row stands.
   *
   * @param line the one that the row begins on, counted from 1
   * @param excerpt the beginning of the row; see {@link Excerpt}
   */
  record Place(String file, long line, String excerpt) {

    /** This row, not used. */
    Rejected rejected(String pointer, Reason reason, String sentence) {
      return new Rejected(file, line, pointer, reason, sentence, excerpt);
    }
  }

  /** A row that can be used. */
  sealed interface Usable extends DatasetRow {

    Place place();

    /** The row's own name, which no other row may have; null when it has none. */
    @Nullable String id();

    @Override
    default String file() {
      return place().file();
    }

    @Override
    default long line() {
      return place().line();
    }
  }

  /**
   * A dialogue: an optional system message, then user and assistant in turn.
   *
   * @param trained positions of the assistant messages that are learned; the others are context
   */
  record Dialogue(
      Place place, @Nullable String id, List<ChatMessage> messages, List<Integer> trained)
      implements Usable {
    public Dialogue {
      messages = List.copyOf(messages);
      trained = List.copyOf(trained);
    }
  }

  /**
   * A question with a better and a worse answer.
   *
   * @param prompt ends with a user message
   */
  record Preference(
      Place place, @Nullable String id, List<ChatMessage> prompt, String chosen, String rejected)
      implements Usable {
    public Preference {
      prompt = List.copyOf(prompt);
    }
  }

  /**
   * Text without roles.
   *
   * @param ends whether a document ends here; the pieces of a plain text file do not
   */
  record Text(Place place, @Nullable String id, String text, boolean ends) implements Usable {}

  /**
   * A row that is not used.
   *
   * @param pointer JSON pointer (RFC 6901) of what is wrong; empty for the whole row
   * @param sentence what is wrong and what would be right
   * @param excerpt the beginning of the row
   */
  record Rejected(
      String file, long line, String pointer, Reason reason, String sentence, String excerpt)
      implements DatasetRow {}

  /** Why a row is not used; the names are stable. */
  enum Reason {
    LINE_TOO_LONG,
    NOT_UTF8,
    NOT_JSON,
    NOT_AN_OBJECT,
    /** No known format has the row's keys. */
    FORMAT_UNKNOWN,
    MESSAGES_MISSING,
    MESSAGE_NOT_AN_OBJECT,
    /** A key that the file's format needs. */
    FIELD_MISSING,
    ROLE_UNKNOWN,
    CONTENT_NOT_TEXT,
    CONTENT_EMPTY,
    ANSWER_EMPTY,
    WEIGHT_UNKNOWN,
    ROLES_OUT_OF_ORDER,
    NO_ASSISTANT_TURN,
    ANSWERS_EQUAL,
    PROMPTS_DIFFER,
    DUPLICATE_ID,
    /** The model's chat template cannot write the dialogue. */
    TEMPLATE_REFUSES,
    /** Found later, when the row is in tokens. */
    TOO_MANY_TOKENS,
    /** What follows in the file cannot be read, so that nobody knows how much is missing. */
    FILE_DAMAGED
  }
}
