/**
 * A long run of forward passes of random shapes in a process of its own. It answers one question:
 * does a configuration of the native library crash or leak? Diagnostics, not a service.
 */
@NullMarked
package dev.unmask.model.soak;

import org.jspecify.annotations.NullMarked;
