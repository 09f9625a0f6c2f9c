package dev.unmask.cli.tools;

import picocli.CommandLine.Command;

/** Listed for the help only: {@code unmask corpus} never reaches the parser. */
@Command(
    name = "corpus",
    description =
        "Writes the dialogues that the shipped model learns from; the same seed, the same bytes.")
public final class CorpusCommand {}
