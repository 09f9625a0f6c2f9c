package dev.unmask.cli.tools;

import picocli.CommandLine.Command;

/** Listed for the help only: {@code unmask test} never reaches the parser. */
@Command(name = "test", description = "Runs the whole test suite; needs a JDK only.")
public final class TestCommand {}
