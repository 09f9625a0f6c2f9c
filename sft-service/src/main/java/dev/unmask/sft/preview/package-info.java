/**
 * A dataset as training will see it, before any training: which tokens are learned, how long the
 * samples are, what is rejected and why. A process of its own; one thread prints.
 */
@NullMarked
package dev.unmask.sft.preview;

import org.jspecify.annotations.NullMarked;
