/**
 * How data become batches: samples in tokens, their order, the noise and the learning rate. All of
 * it is a pure function of a seed and a position, so that a run that stopped goes on exactly where
 * it was. Immutable or used by the training thread alone; no tensor lives here.
 */
@NullMarked
package dev.unmask.sft.recipe;

import org.jspecify.annotations.NullMarked;
