package dev.unmask.sft.dataset;

import java.io.IOException;

/** A reading was asked to end before its last row; nothing it left behind counts. */
public final class ReadingStoppedException extends IOException {

  private static final long serialVersionUID = 1;

  ReadingStoppedException() {
    super("the reading of the dataset was stopped");
  }
}
