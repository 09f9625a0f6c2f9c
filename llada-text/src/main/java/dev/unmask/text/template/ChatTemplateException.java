package dev.unmask.text.template;

/**
 * A chat template refuses a dialogue, or cannot render it. The message is one sentence for the
 * person who wrote the dialogue: the template's own words where it gives some.
 */
public final class ChatTemplateException extends IllegalArgumentException {

  ChatTemplateException(String message) {
    super(message);
  }
}
