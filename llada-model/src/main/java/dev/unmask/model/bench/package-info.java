/**
 * Measurements of the engine as JSON, in a process of its own. Rates that are compared are
 * interleaved in one run, because machines are noisy.
 */
@NullMarked
package dev.unmask.model.bench;

import org.jspecify.annotations.NullMarked;
