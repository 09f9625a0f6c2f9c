/** A job's story as records of {@code unmask.finetune.events} and of the rejected rows. */
@NullMarked
package dev.unmask.sft.events;

import org.jspecify.annotations.NullMarked;
