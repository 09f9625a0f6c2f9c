/** The engine against the simple loop, and its promises to callers. */
@NullMarked
package dev.unmask.model.engine;

import org.jspecify.annotations.NullMarked;
