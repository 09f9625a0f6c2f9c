package dev.unmask.text;

/**
 * The tokenizer files of a checkpoint cannot be used. The message is one sentence for the person
 * who chose the folder: what is wrong, in which file, and what would be right.
 */
public final class TokenizerException extends Exception {

  public TokenizerException(String message) {
    super(message);
  }

  public TokenizerException(String message, Throwable cause) {
    super(message, cause);
  }
}
