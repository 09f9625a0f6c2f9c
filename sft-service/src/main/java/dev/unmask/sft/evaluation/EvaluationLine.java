package dev.unmask.sft.evaluation;

import picocli.CommandLine;

/** How the programs of this package run: a failure is one sentence and exit code 1. */
final class EvaluationLine {

  private EvaluationLine() {}

  /** Runs a picocli command and ends the process. */
  static void run(Object command, String[] args) {
    System.exit(of(command).execute(args));
  }

  /** The command line of a command. */
  static CommandLine of(Object command) {
    CommandLine line = new CommandLine(command);
    line.setExecutionExceptionHandler((failure, ignored, parsed) -> {
      if (failure instanceof CommandLine.ParameterException wrong) {
        throw wrong;
      }
      System.err.println("unmask: " + failure.getMessage());
      return 1;
    });
    return line;
  }
}
