/** The worker's knobs, read by Quarkus from properties and environment. Immutable. */
@NullMarked
package dev.unmask.sampler.config;

import org.jspecify.annotations.NullMarked;
