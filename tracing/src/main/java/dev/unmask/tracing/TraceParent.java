package dev.unmask.tracing;

import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The W3C's name of a span: {@code 00-<trace, 32 hex>-<span, 16 hex>-<flags, 2 hex>}. */
public final class TraceParent {

  /** The header, metadata key and record header that carries it. */
  public static final String HEADER = "traceparent";

  private static final int TRACE_FROM = 3;
  private static final int TRACE_TO = 35;

  private static final TextMapGetter<String> GETTER =
      new TextMapGetter<>() {
        @Override
        public Iterable<String> keys(String carrier) {
          return List.of(HEADER);
        }

        @Override
        public @Nullable String get(@Nullable String carrier, String key) {
          return key.equals(HEADER) ? carrier : null;
        }
      };

  private TraceParent() {}

  /** The context that it names; without a parent when it is not well formed. */
  static Context read(String traceparent) {
    return W3CTraceContextPropagator.getInstance().extract(Context.root(), traceparent, GETTER);
  }

  static String write(SpanContext span) {
    return "00-" + span.getTraceId() + "-" + span.getSpanId() + "-" + span.getTraceFlags().asHex();
  }

  /** A new trace that is to be recorded, begun by a span that is recorded by nobody. */
  public static String fresh() {
    byte[] bytes = new byte[24];
    new SecureRandom().nextBytes(bytes);
    // No id may be all zeros.
    bytes[0] |= 1;
    bytes[16] |= 1;
    HexFormat hex = HexFormat.of();
    return "00-" + hex.formatHex(bytes, 0, 16) + "-" + hex.formatHex(bytes, 16, 24) + "-01";
  }

  /** The trace's id in a well formed name. */
  public static String traceId(String traceparent) {
    return traceparent.substring(TRACE_FROM, TRACE_TO);
  }
}
