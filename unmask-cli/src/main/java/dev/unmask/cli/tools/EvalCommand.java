package dev.unmask.cli.tools;

import picocli.CommandLine.Command;

/** Listed for the help only: {@code unmask eval} never reaches the parser. */
@Command(
    name = "eval",
    description =
        "Judges a model on dialogues by the likelihood bound, on tasks by its right answers.")
public final class EvalCommand {}
