package dev.unmask.cli;

import dev.unmask.cli.client.StatusSentences;
import dev.unmask.cli.tools.PassThrough;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Entry of the command line: parses, runs one command, turns what went wrong into a sentence. */
public final class Main {

  /** Set to anything, errors come with their stack trace. */
  private static final String DEBUG = "UNMASK_DEBUG";

  private Main() {}

  /** Runs one command and exits with its code. */
  public static void main(String[] args) {
    // Libraries log for servers; here every word on the screen is ours.
    System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", "off");
    Logger.getLogger("").setLevel(Level.OFF);
    System.exit(run(Session.ofProcess(), args));
  }

  /**
   * Runs one command.
   *
   * @return its exit code
   */
  static int run(Session session, String... args) {
    Optional<PassThrough> tool = PassThrough.named(args);
    try {
      if (tool.isPresent()) {
        return tool.get().run(session, args);
      }
    } catch (CliException e) {
      return failed(session, e);
    }
    CommandLine line = new CommandLine(new UnmaskCommand(session), new CommandFactory(session));
    CommonOptions.addTo(line, session);
    line.setOut(new PrintWriter(session.out(), true, StandardCharsets.UTF_8));
    line.setErr(new PrintWriter(session.err(), true, StandardCharsets.UTF_8));
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setColorScheme(
        CommandLine.Help.defaultColorScheme(
            session.colour() ? CommandLine.Help.Ansi.ON : CommandLine.Help.Ansi.OFF));
    line.setUsageHelpWidth(100);
    line.setParameterExceptionHandler((e, given) -> misused(session, e));
    line.setExecutionExceptionHandler((e, command, parsed) -> failed(session, e));
    return line.execute(args);
  }

  private static int misused(Session session, ParameterException e) {
    session.remark(wrong(e));
    session.remark("see `" + e.getCommandLine().getCommandSpec().qualifiedName() + " --help`");
    return CliException.USAGE;
  }

  /** What was wrong with the command line. */
  private static String wrong(ParameterException e) {
    if (e instanceof UnmatchedArgumentException unmatched
        && !unmatched.getUnmatched().isEmpty()
        && !unmatched.getUnmatched().get(0).startsWith("-")) {
      String first = unmatched.getUnmatched().get(0);
      if (!e.getCommandLine().getSubcommands().isEmpty()) {
        // The parser suggests every command in the order of likeness, however small that is.
        Optional<String> like =
            unmatched.getSuggestions().stream()
                .filter(s -> first.length() > 1 && s.startsWith(first.substring(0, 2)))
                .findFirst();
        return "there is no command '"
            + first
            + "'"
            + like.map(s -> "; did you mean " + s + "?").orElse("");
      }
      return "'" + first + "' is one argument too many";
    }
    return firstLower(e.getMessage());
  }

  /** The one place where an exception becomes what the user reads. */
  private static int failed(Session session, Exception e) {
    if (!session.environment().getOrDefault(DEBUG, "").isEmpty()) {
      e.printStackTrace(session.err());
    }
    return switch (e) {
      case CliException known -> {
        session.remark(known.sentence());
        yield known.exitCode();
      }
      case StatusRuntimeException refused -> {
        session.remark(StatusSentences.of(refused));
        // What the cluster calls a bad argument came from this command line.
        yield refused.getStatus().getCode() == Status.Code.INVALID_ARGUMENT
            ? CliException.USAGE
            : CliException.FAILED;
      }
      case UncheckedIOException io -> {
        session.remark(sentence(io.getMessage(), io));
        yield CliException.FAILED;
      }
      case IOException io -> {
        session.remark(sentence(io.getMessage(), io));
        yield CliException.FAILED;
      }
      default -> {
        session.remark(
            "unexpected "
                + sentence(e.getMessage(), e)
                + "; set "
                + DEBUG
                + "=1 to see where it comes from");
        yield CliException.FAILED;
      }
    };
  }

  private static String sentence(@org.jspecify.annotations.Nullable String message, Exception e) {
    String type = e.getClass().getSimpleName();
    return message == null || message.isBlank() ? type : type + ": " + message;
  }

  private static String firstLower(@org.jspecify.annotations.Nullable String text) {
    return text == null || text.isEmpty()
        ? "wrong arguments"
        : Character.toLowerCase(text.charAt(0)) + text.substring(1);
  }
}
