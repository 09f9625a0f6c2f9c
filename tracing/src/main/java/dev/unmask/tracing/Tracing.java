package dev.unmask.tracing;

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.SpanLimits;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** What makes the spans of one process. Any thread; nothing blocks but {@link #close}. */
public final class Tracing implements AutoCloseable {

  /** A trace can be looked at this long after its last span. */
  private static final Duration DELAY = Duration.ofMillis(200);

  private static final Duration CLOSING = Duration.ofSeconds(3);
  private static final int QUEUE = 8192;

  /** A span of a long block still has all its steps; a longer one loses the rest, not memory. */
  private static final int MOST_EVENTS = 256;

  private static final Tracing OFF = new Tracing(null, null, 0);

  private final @Nullable SdkTracerProvider provider;
  private final @Nullable Tracer tracer;
  private final double ratio;

  private Tracing(@Nullable SdkTracerProvider provider, @Nullable Tracer tracer, double ratio) {
    this.provider = provider;
    this.tracer = tracer;
    this.ratio = ratio;
  }

  /** Records nothing. */
  public static Tracing off() {
    return OFF;
  }

  /**
   * Begins to record as the settings say.
   *
   * @param service what this process is: gateway, sampler, trainer
   * @param instance which one of them
   */
  public static Tracing open(TracingSettings settings, String service, String instance) {
    return switch (settings.exporter()) {
      case OFF -> OFF;
      case FILE ->
          with(
              new SpanFiles(settings.folder().orElseThrow(), instance),
              settings.ratio(),
              service,
              instance);
      case OTLP ->
          with(
              OtlpHttpSpanExporter.builder().setEndpoint(settings.endpoint()).build(),
              settings.ratio(),
              service,
              instance);
    };
  }

  private static Tracing with(
      SpanExporter exporter, double ratio, String service, String instance) {
    SdkTracerProvider provider =
        SdkTracerProvider.builder()
            .setResource(
                Resource.create(
                    Attributes.of(
                        AttributeKey.stringKey("service.name"),
                        "unmask-" + service,
                        AttributeKey.stringKey("service.instance.id"),
                        instance)))
            .setSampler(Sampler.parentBased(Sampler.traceIdRatioBased(ratio)))
            .setSpanLimits(SpanLimits.builder().setMaxNumberOfEvents(MOST_EVENTS).build())
            .addSpanProcessor(
                BatchSpanProcessor.builder(exporter)
                    .setScheduleDelay(DELAY)
                    .setMaxQueueSize(QUEUE)
                    .build())
            .build();
    return new Tracing(provider, provider.get("dev.unmask"), ratio);
  }

  /**
   * Begins this process's part of a trace.
   *
   * @param traceparent of the span that it belongs to; null when nobody named one
   * @return {@link TraceSpan#NONE} when the trace is not recorded
   */
  public TraceSpan begin(String name, TraceSpan.Kind kind, @Nullable String traceparent) {
    Tracer making = tracer;
    if (making == null || (traceparent == null && ratio == 0)) {
      return TraceSpan.NONE;
    }
    Context parent = traceparent == null ? Context.root() : TraceParent.read(traceparent);
    Span span = making.spanBuilder(name).setParent(parent).setSpanKind(otel(kind)).startSpan();
    return span.isRecording() ? new TraceSpan(making, span) : TraceSpan.NONE;
  }

  static SpanKind otel(TraceSpan.Kind kind) {
    return switch (kind) {
      case SERVER -> SpanKind.SERVER;
      case CLIENT -> SpanKind.CLIENT;
      case PRODUCER -> SpanKind.PRODUCER;
      case CONSUMER -> SpanKind.CONSUMER;
      case INTERNAL -> SpanKind.INTERNAL;
    };
  }

  /** Hands over what has ended, for a bounded time. */
  @Override
  public void close() {
    if (provider != null) {
      var unused = provider.shutdown().join(CLOSING.toMillis(), TimeUnit.MILLISECONDS);
    }
  }
}
