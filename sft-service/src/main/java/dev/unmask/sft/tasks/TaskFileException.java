package dev.unmask.sft.tasks;

import java.io.IOException;

/** A row is no task; the message names file and line and says what would be one. */
public final class TaskFileException extends IOException {

  private static final long serialVersionUID = 1;

  TaskFileException(String place, String what) {
    super(place + ": " + what);
  }
}
