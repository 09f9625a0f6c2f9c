/** Traces on a terminal. */
@org.jspecify.annotations.NullMarked
package dev.unmask.cli.trace;
