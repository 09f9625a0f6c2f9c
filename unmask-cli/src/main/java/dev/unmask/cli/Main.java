package dev.unmask.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** Entry of the command line. */
@Command(
    name = "unmask",
    mixinStandardHelpOptions = true,
    version = "unmask 0.1.0",
    description = "Serves and fine-tunes LLaDA, the masked-diffusion language model.")
public final class Main {

  private Main() {}

  /** Runs one command and exits with its code. */
  public static void main(String[] args) {
    System.exit(new CommandLine(new Main()).execute(args));
  }
}
