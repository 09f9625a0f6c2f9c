package dev.unmask.sft.tasks;

import dev.unmask.model.likelihood.Continuation;
import dev.unmask.text.ChatMessage;
import dev.unmask.text.LladaTokenizer;
import java.util.stream.Collectors;

/**
 * Turns questions into token ids: by the chat template, or as plain text for models without one.
 *
 * @param raw dialogues are told as plain text, {@code Question: …} and {@code Answer: …}
 */
record Wording(LladaTokenizer tokenizer, boolean raw) {

  /** Ids of what stands before an answer that is to be written. */
  int[] prompt(Asked asked) {
    return switch (asked) {
      case Asked.Text text -> tokenizer.encode(text.context());
      case Asked.Dialogue dialogue when raw -> tokenizer.encode(plain(dialogue));
      case Asked.Dialogue dialogue -> tokenizer.encodeChat(dialogue.messages());
    };
  }

  /**
   * A question and one of its choices. In a dialogue the end of the turn is part of the choice, as
   * it is of every answer that was trained; in text nothing is added.
   */
  Continuation choice(Asked asked, String continuation) {
    return switch (asked) {
      case Asked.Text text -> Continuation.encode(tokenizer, text.context(), continuation);
      case Asked.Dialogue dialogue when raw ->
          Continuation.encode(tokenizer, plain(dialogue), " " + continuation.strip());
      case Asked.Dialogue dialogue ->
          new Continuation(
              tokenizer.encodeChat(dialogue.messages()), tokenizer.encodeAnswer(continuation));
    };
  }

  private static String plain(Asked.Dialogue dialogue) {
    return dialogue.messages().stream().map(Wording::plain).collect(Collectors.joining())
        + "Answer:";
  }

  private static String plain(ChatMessage message) {
    return "assistant".equals(message.role())
        ? "Answer: " + message.content().strip() + "\n\n"
        : "Question: " + message.content().strip() + "\n";
  }
}
