package dev.unmask.tracing;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A stretch of work within a trace, from its making to {@link #end}. Any thread. What is said about
 * it are ids and numbers, never what somebody wrote or was answered.
 */
public final class TraceSpan {

  /** Of a trace that is not recorded: everything about it does nothing. */
  public static final TraceSpan NONE = new TraceSpan(null, null);

  /** What a span is in the way from one process to the next. */
  public enum Kind {
    SERVER,
    CLIENT,
    PRODUCER,
    CONSUMER,
    INTERNAL
  }

  private final @Nullable Tracer tracer;
  private final @Nullable Span span;

  TraceSpan(@Nullable Tracer tracer, @Nullable Span span) {
    this.tracer = tracer;
    this.span = span;
  }

  /** Whether anything comes of what is said to it. */
  public boolean isRecording() {
    return span != null;
  }

  /** How the next process names this span; null when the trace is not recorded. */
  public @Nullable String traceparent() {
    return span == null ? null : TraceParent.write(span.getSpanContext());
  }

  /** A part that begins now. */
  public TraceSpan child(String name, Kind kind) {
    return child(name, kind, null);
  }

  /**
   * A part that began at {@code since}.
   *
   * @param since null for now
   */
  public TraceSpan child(String name, Kind kind, @Nullable Instant since) {
    if (tracer == null || span == null) {
      return NONE;
    }
    var builder =
        tracer
            .spanBuilder(name)
            .setParent(Context.root().with(span))
            .setSpanKind(Tracing.otel(kind));
    if (since != null) {
      builder.setStartTimestamp(since);
    }
    return new TraceSpan(tracer, builder.startSpan());
  }

  /** Says something about it. */
  public TraceSpan set(String name, String value) {
    if (span != null) {
      var unused = span.setAttribute(name, value);
    }
    return this;
  }

  /** Says something about it. */
  public TraceSpan set(String name, long value) {
    if (span != null) {
      var unused = span.setAttribute(name, value);
    }
    return this;
  }

  /** Something happened in it, now. */
  public void event(String name, Map<String, Long> facts) {
    if (span != null) {
      AttributesBuilder attributes = Attributes.builder();
      facts.forEach(attributes::put);
      var unused = span.addEvent(name, attributes.build());
    }
  }

  /** It did not do what it was for. */
  public TraceSpan failed(String code) {
    if (span != null) {
      var unused = span.setStatus(StatusCode.ERROR, code);
    }
    return this;
  }

  /** It ends now. Ending twice does nothing. */
  public void end() {
    if (span != null) {
      span.end();
    }
  }

  /** It ended then. */
  public void endAt(Instant then) {
    if (span != null) {
      span.end(then);
    }
  }
}
