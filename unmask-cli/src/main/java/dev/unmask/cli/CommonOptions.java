package dev.unmask.cli;

import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.ISetter;
import picocli.CommandLine.Model.OptionSpec;

/** The options that every command understands. */
final class CommonOptions {

  private static final String VERSION = "unmask 0.1.0";

  private CommonOptions() {}

  /** Adds {@code --help} and {@code --json} to a command and all below it, and a version to it. */
  static void addTo(CommandLine line, Session session) {
    line.getCommandSpec()
        .version(VERSION)
        .addOption(
            OptionSpec.builder("-V", "--version")
                .versionHelp(true)
                .description("Show the version.")
                .build());
    addToAll(line, session);
  }

  private static void addToAll(CommandLine line, Session session) {
    CommandSpec spec = line.getCommandSpec();
    spec.usageMessage().abbreviateSynopsis(true);
    spec.addOption(
        OptionSpec.builder("-h", "--help").usageHelp(true).description("Show this help.").build());
    spec.addOption(
        OptionSpec.builder("--json")
            .description("Print results as JSON, one object a line.")
            .type(boolean.class)
            .setter(turnOn(session))
            .build());
    line.getSubcommands().values().forEach(below -> addToAll(below, session));
  }

  /** Given before or after the command's name, the option counts. */
  private static ISetter turnOn(Session session) {
    return new ISetter() {
      @Override
      public <T> T set(T value) {
        if (Boolean.TRUE.equals(value)) {
          session.json(true);
        }
        return value;
      }
    };
  }
}
