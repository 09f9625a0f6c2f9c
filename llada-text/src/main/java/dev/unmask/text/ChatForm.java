package dev.unmask.text;

import dev.unmask.text.ControlTokens.Part;
import dev.unmask.text.template.ChatTemplate;
import dev.unmask.text.template.ChatTemplateException;
import dev.unmask.text.template.MarkedText;
import dev.unmask.text.template.TemplateSyntaxException;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How a checkpoint writes dialogues: its chat template, and the control tokens that stand in it.
 * Immutable; any thread.
 */
final class ChatForm {

  /** What looks like a control token of these models. */
  private static final Pattern CONTROL_NAME = Pattern.compile("<\\|[A-Za-z0-9_]{1,64}\\|>");

  /** A dialogue whose answer comes next; every template must know how to write it. */
  private static final List<ChatMessage> QUESTION = List.of(new ChatMessage("user", "x"));

  private final ChatTemplate template;
  private final ControlTokens control;
  private final Map<String, String> literals;
  private final MarkedText question;

  private ChatForm(ChatTemplate template, ControlTokens control, Map<String, String> literals) {
    this.template = template;
    this.control = control;
    this.literals = literals;
    this.question = render(QUESTION, true);
  }

  /**
   * Reads a template and tries it.
   *
   * @param literals what the template knows by name, such as {@code bos_token}
   * @throws TokenizerException when it holds a construct that is not known, writes a control token
   *     the tokenizer lacks, or cannot render a question
   */
  static ChatForm of(String jinja, ControlTokens control, Map<String, String> literals)
      throws TokenizerException {
    try {
      ChatForm form = new ChatForm(ChatTemplate.parse(jinja), control, literals);
      form.refuseMissingTokens();
      return form;
    } catch (TemplateSyntaxException | ChatTemplateException e) {
      throw new TokenizerException(
          "The chat template of this checkpoint cannot be used, and rendering it by guess would give"
              + " wrong prompts. "
              + e.getMessage(),
          e);
    }
  }

  /** The prompt of a dialogue: all messages, then what opens the answer. */
  List<Part> prompt(List<ChatMessage> messages) {
    return control.parts(render(messages, true));
  }

  /**
   * What follows the prompt when {@code content} is the answer, up to and with the end of the turn.
   *
   * @throws IllegalStateException when the template writes an answer in some other way
   */
  List<Part> answer(String content, int endOfTurn) {
    MarkedText whole =
        render(List.of(QUESTION.get(0), new ChatMessage("assistant", content)), false);
    int from = question.length();
    if (!whole.chars().startsWith(question.chars())) {
      throw new IllegalStateException(
          "The chat template of this checkpoint does not continue a prompt with the answer, so"
              + " answers cannot be trained in its form");
    }
    List<Part> parts = control.parts(whole.slice(from, whole.length()));
    for (int i = 0; i < parts.size(); i++) {
      if (parts.get(i) instanceof Part.Control token && token.id() == endOfTurn) {
        return List.copyOf(parts.subList(0, i + 1));
      }
    }
    throw new IllegalStateException(
        "The chat template of this checkpoint writes no end of turn behind an answer, so answers"
            + " cannot be trained in its form");
  }

  /** The control token that the template writes behind an answer, or -1. */
  int endOfTurn() {
    MarkedText whole;
    try {
      whole = render(List.of(QUESTION.get(0), new ChatMessage("assistant", "y")), false);
    } catch (ChatTemplateException e) {
      return -1;
    }
    int answered = whole.length();
    while (answered > 0 && whole.isLiteral(answered - 1, answered)) {
      answered--;
    }
    for (Part part : control.parts(whole)) {
      if (part instanceof Part.Control token && token.at() >= answered && answered > 0) {
        return token.id();
      }
    }
    return -1;
  }

  private MarkedText render(List<ChatMessage> messages, boolean addGenerationPrompt) {
    return template.render(
        messages.stream().map(ChatMessage::fields).toList(), literals, addGenerationPrompt);
  }

  private void refuseMissingTokens() throws TokenizerException {
    for (Part part : control.parts(question)) {
      if (part instanceof Part.Run run) {
        Matcher name = CONTROL_NAME.matcher(run.text());
        if (name.find()) {
          throw new TokenizerException(
              "tokenizer.json has no added token "
                  + name.group()
                  + ", which the chat template writes; base models lack it and have no chat"
                  + " template.");
        }
      }
    }
  }
}
