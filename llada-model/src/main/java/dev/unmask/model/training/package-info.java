/**
 * Training the network: LLaDA's losses with gradients, float32 masters of the weights, AdamW with
 * clipping by the global norm, and their state on disk.
 *
 * <p>A {@link dev.unmask.model.training.TrainableModel} owns the masters and their gradients, an
 * {@link dev.unmask.model.training.AdamW} owns the moments. Both belong to one thread, the one that
 * trains. What is masked and how much each slot counts is decided before, in a {@link
 * dev.unmask.model.training.MaskedBatch}; nothing here draws a random number but the initial
 * weights.
 */
@NullMarked
package dev.unmask.model.training;

import org.jspecify.annotations.NullMarked;
