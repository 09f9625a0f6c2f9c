/** Spans between processes, and in files. */
@org.jspecify.annotations.NullMarked
package dev.unmask.tracing;
