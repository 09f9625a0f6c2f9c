/** The knobs of the trainer. Immutable. */
@NullMarked
package dev.unmask.sft.config;

import org.jspecify.annotations.NullMarked;
