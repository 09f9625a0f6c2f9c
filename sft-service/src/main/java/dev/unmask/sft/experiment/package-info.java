/**
 * What the paper claims, in small: each experiment trains toy models, or asks the model that ships,
 * and writes a page with a plot ({@code experiments/}). {@link
 * dev.unmask.sft.experiment.ExperimentMain} runs one by name; {@link dev.unmask.sft.experiment.Toy}
 * trains. One thread; equal seeds give equal figures on one machine.
 */
@NullMarked
package dev.unmask.sft.experiment;

import org.jspecify.annotations.NullMarked;
