package dev.unmask.sft.job;

import java.io.IOException;
import java.nio.file.NoSuchFileException;

/** The job cannot be done; the message is a sentence for the person who asked for it. */
public final class JobFailedException extends Exception {

  private static final long serialVersionUID = 1L;

  public JobFailedException(String message) {
    super(message);
  }

  public JobFailedException(String message, Throwable cause) {
    super(message, cause);
  }

  /** What went wrong with a file, with its name. */
  static JobFailedException of(IOException e) {
    String what =
        e instanceof NoSuchFileException missing
            ? missing.getFile() + " is not there"
            : e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    return new JobFailedException("The trainer could not go on: " + what + ".", e);
  }
}
