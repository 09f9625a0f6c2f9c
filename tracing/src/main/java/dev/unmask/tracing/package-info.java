/**
 * Traces of requests and jobs, from one process to the next. {@link dev.unmask.tracing.Tracing} is
 * made once for a process and makes {@link dev.unmask.tracing.TraceSpan}s; what is not recorded is
 * {@link dev.unmask.tracing.TraceSpan#NONE}, which costs nothing. Between processes a span is named
 * by its {@code traceparent}, as the W3C writes it. Spans go to files ({@link
 * dev.unmask.tracing.SpanFiles}, which also reads them) or to a collector; nothing else knows
 * OpenTelemetry. No prompt and no answer is ever in a span. Any thread.
 */
@NullMarked
package dev.unmask.tracing;

import org.jspecify.annotations.NullMarked;
