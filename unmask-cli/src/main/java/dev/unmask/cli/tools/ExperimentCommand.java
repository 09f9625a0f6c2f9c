package dev.unmask.cli.tools;

import picocli.CommandLine.Command;

/** Listed for the help only: {@code unmask experiment} never reaches the parser. */
@Command(
    name = "experiment",
    description = "Repeats one of the paper's claims in small; writes a page with a plot.")
public final class ExperimentCommand {}
