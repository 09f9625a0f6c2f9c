package dev.unmask.cli.tools;

import picocli.CommandLine.Command;

/** Listed for the help only: {@code unmask pretrain} never reaches the parser. */
@Command(
    name = "pretrain",
    description = "Trains a model from scratch on text and dialogue files; exact resume.")
public final class PretrainCommand {}
