package dev.unmask.e2e;

import java.nio.file.Files;
import java.nio.file.Path;

/** The checkout that these tests belong to. */
public final class Checkout {

  private Checkout() {}

  /** Its root, wherever the tests were started. */
  public static Path root() {
    Path here = Path.of("").toAbsolutePath();
    return Files.exists(here.resolve("end-to-end-tests")) ? here : here.resolve("..").normalize();
  }
}
