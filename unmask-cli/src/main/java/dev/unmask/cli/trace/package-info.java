/**
 * Traces on a terminal: {@link dev.unmask.cli.trace.TraceFinder} reads what the services of this
 * machine wrote, {@link dev.unmask.cli.trace.TraceTree} draws it. One thread.
 */
@NullMarked
package dev.unmask.cli.trace;

import org.jspecify.annotations.NullMarked;
