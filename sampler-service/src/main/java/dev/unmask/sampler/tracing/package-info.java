/**
 * What a trace says of this worker: each attempt at a request, and each checkpoint that it takes
 * up. Plain objects; the engine thread only hands over numbers.
 */
@NullMarked
package dev.unmask.sampler.tracing;

import org.jspecify.annotations.NullMarked;
