/**
 * The worker's Micrometer meters, named {@code unmask_*}. One class hears everything the other
 * packages report and turns it into numbers; nothing depends on it. Thread-safe.
 */
@NullMarked
package dev.unmask.sampler.metrics;

import org.jspecify.annotations.NullMarked;
