/** The parts of {@code intake} by themselves. */
@NullMarked
package dev.unmask.sampler.intake;

import org.jspecify.annotations.NullMarked;
