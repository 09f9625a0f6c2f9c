package dev.unmask.sft.corpus;

import dev.unmask.text.ChatMessage;
import java.util.List;

/**
 * One question to judge a model by.
 *
 * @param task the kind of question
 * @param phrasing {@code seen} or {@code held-out}
 * @param before earlier messages of the dialogue, often none
 * @param question the last user message
 * @param accepted a right answer has one of these in it; see {@link ProbeCheck}
 */
public record Probe(
    String task,
    String phrasing,
    List<ChatMessage> before,
    String question,
    List<String> accepted) {

  /** What makes it another question than others. */
  String key() {
    return before + " " + question;
  }
}
