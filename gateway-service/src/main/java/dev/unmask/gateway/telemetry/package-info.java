/**
 * Metrics and the log line of each call. Prompts and answers never appear here. Any thread; nothing
 * blocks.
 */
@NullMarked
package dev.unmask.gateway.telemetry;

import org.jspecify.annotations.NullMarked;
