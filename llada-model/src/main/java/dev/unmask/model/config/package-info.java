/** A model's config.json as a validated record. Immutable; any thread. */
@NullMarked
package dev.unmask.model.config;

import org.jspecify.annotations.NullMarked;
