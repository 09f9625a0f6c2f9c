/**
 * The training loop: one readable recipe that fine-tuning and pre-training share, and its state on
 * disk. Everything runs on the thread that calls {@code run}; listeners are called on it and must
 * not block for long.
 */
@NullMarked
package dev.unmask.sft.training;

import org.jspecify.annotations.NullMarked;
