package dev.unmask.cli.tools;

import picocli.CommandLine.Command;

/** Listed for the help only: {@code unmask eval} never reaches the parser. */
@Command(
    name = "eval",
    description = "Scores a model folder on dialogues: the likelihood bound of its answers.")
public final class EvalCommand {}
