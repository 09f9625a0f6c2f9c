/** The meters of the trainer, names {@code unmask_finetune_*}. Thread-safe. */
@NullMarked
package dev.unmask.sft.metrics;

import org.jspecify.annotations.NullMarked;
