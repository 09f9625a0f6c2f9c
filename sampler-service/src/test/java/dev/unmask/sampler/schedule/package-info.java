/** The parts of {@code schedule} by themselves. */
@NullMarked
package dev.unmask.sampler.schedule;

import org.jspecify.annotations.NullMarked;
