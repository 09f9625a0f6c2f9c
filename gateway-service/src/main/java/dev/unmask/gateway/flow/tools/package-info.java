/**
 * Calls of functions: which one the model makes, if any, before the call itself is laid out.
 *
 * <p>{@link dev.unmask.gateway.flow.tools.ToolTurns} makes one request to generate of a turn with
 * functions; who asked lets that in like any other. Nothing here is shared between turns.
 */
@NullMarked
package dev.unmask.gateway.flow.tools;

import org.jspecify.annotations.NullMarked;
