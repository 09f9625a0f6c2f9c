/** The parts of {@code models} by themselves. */
@NullMarked
package dev.unmask.sampler.models;

import org.jspecify.annotations.NullMarked;
