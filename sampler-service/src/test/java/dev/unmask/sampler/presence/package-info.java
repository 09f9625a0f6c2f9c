/** The parts of {@code presence} by themselves. */
@NullMarked
package dev.unmask.sampler.presence;

import org.jspecify.annotations.NullMarked;
