package dev.unmask.cli.bench.serve;

import dev.unmask.cli.CliException;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What is asked. */
final class Prompts {

  /** Short and longer questions, so that requests of one run differ in length. */
  static final List<String> MIX =
      List.of(
          "What is the capital of France?",
          "Hello, who are you?",
          "What is 3 + 4?",
          "Tell me something about the sea.",
          "A train leaves at nine and arrives at half past eleven. On the way it stops twice, for"
              + " ten minutes each time. For how long does it move?",
          "Name three animals that live in the water, one that lives on land, and one that can do"
              + " both, and say in a few words how each of them breathes.");

  private Prompts() {}

  /**
   * One prompt a line; empty lines are skipped.
   *
   * @throws CliException when the file cannot be read or holds none
   */
  static List<String> in(Path file) {
    try {
      List<String> prompts =
          Files.readAllLines(file).stream().map(String::strip).filter(l -> !l.isEmpty()).toList();
      if (prompts.isEmpty()) {
        throw CliException.usage(
            "--prompts " + file + " is empty; it has to hold one prompt a line");
      }
      return prompts;
    } catch (MalformedInputException e) {
      throw new CliException("--prompts " + file + " is no UTF-8 text", e);
    } catch (IOException e) {
      throw new CliException("--prompts " + file + " cannot be read: " + e.getMessage(), e);
    }
  }
}
