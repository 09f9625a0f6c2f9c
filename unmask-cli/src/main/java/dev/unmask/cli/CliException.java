package dev.unmask.cli;

/**
 * A command cannot do what was asked. The message is one sentence for the user: what was wrong,
 * where, what would be right. It is all that is printed.
 */
public final class CliException extends RuntimeException {

  /** The command was understood and failed. */
  public static final int FAILED = 1;

  /** The command line itself was wrong. */
  public static final int USAGE = 2;

  private static final long serialVersionUID = 1L;

  private final int exitCode;

  public CliException(String sentence) {
    this(FAILED, sentence, null);
  }

  public CliException(String sentence, @org.jspecify.annotations.Nullable Throwable cause) {
    this(FAILED, sentence, cause);
  }

  private CliException(
      int exitCode, String sentence, @org.jspecify.annotations.Nullable Throwable cause) {
    super(sentence, cause);
    this.exitCode = exitCode;
  }

  /** The arguments do not go together; exits with {@link #USAGE}. */
  public static CliException usage(String sentence) {
    return new CliException(USAGE, sentence, null);
  }

  public int exitCode() {
    return exitCode;
  }

  /** The sentence. */
  public String sentence() {
    String message = getMessage();
    return message == null ? "failed" : message;
  }
}
