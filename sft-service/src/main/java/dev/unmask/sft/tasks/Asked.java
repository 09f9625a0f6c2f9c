package dev.unmask.sft.tasks;

import dev.unmask.text.ChatMessage;
import java.util.List;

/** What stands before an answer. */
public sealed interface Asked {

  /**
   * Text as it is, for base models and for contexts that an evaluation harness has laid out.
   *
   * @param context may be empty
   */
  record Text(String context) implements Asked {}

  /**
   * A dialogue that the chat template lays out.
   *
   * @param messages at least one; the last is the question
   */
  record Dialogue(List<ChatMessage> messages) implements Asked {

    public Dialogue {
      messages = List.copyOf(messages);
    }
  }

  /** The question by itself, for people who read results. */
  default String question() {
    return switch (this) {
      case Text text -> text.context();
      case Dialogue dialogue -> dialogue.messages().getLast().content();
    };
  }
}
