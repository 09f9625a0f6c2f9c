package dev.unmask.tracing;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.sun.net.httpserver.HttpServer;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.Span;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Spans as a collector gets them: OTLP's own messages over HTTP. */
class CollectorTest {

  private final List<ResourceSpans> received = new CopyOnWriteArrayList<>();
  private HttpServer collector;
  private volatile int status = 200;

  @BeforeEach
  void listen() throws IOException {
    collector = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    collector.createContext(
        "/v1/traces",
        exchange -> {
          boolean packed = "gzip".equals(exchange.getRequestHeaders().getFirst("content-encoding"));
          try (InputStream body = exchange.getRequestBody();
              InputStream plain = packed ? new GZIPInputStream(body) : body) {
            received.addAll(ExportTraceServiceRequest.parseFrom(plain).getResourceSpansList());
          }
          exchange.getResponseHeaders().add("content-type", "application/x-protobuf");
          exchange.sendResponseHeaders(status, -1);
          exchange.close();
        });
    collector.start();
  }

  @AfterEach
  void stop() {
    collector.stop(0);
  }

  private Tracing open(String service) {
    String endpoint = "http://127.0.0.1:" + collector.getAddress().getPort() + "/v1/traces";
    return Tracing.open(
        TracingSettings.of("otlp", Optional.empty(), endpoint, 0), service, service + "-1");
  }

  private static String text(List<KeyValue> attributes, String key) {
    return attributes.stream()
        .filter(found -> found.getKey().equals(key))
        .map(found -> found.getValue().getStringValue())
        .collect(Collectors.joining());
  }

  private Map<String, Span> spans() {
    return received.stream()
        .flatMap(of ->
            of.getScopeSpansList().stream()
                .flatMap(scope -> scope.getSpansList().stream())
                .map(span ->
                    Map.entry(
                        text(of.getResource().getAttributesList(), "service.name")
                            + " "
                            + span.getName(),
                        span)))
        .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
  }

  private static Span one(Map<String, Span> spans, String name) {
    return Objects.requireNonNull(spans.get(name), name);
  }

  private static String hex(ByteString id) {
    return HexFormat.of().formatHex(id.toByteArray());
  }

  @Test
  void spansOfEveryServiceArriveAsOneTrace() {
    String caller = TraceParent.fresh();
    String toSampler;
    String toTrainer;
    try (Tracing gateway = open("gateway")) {
      TraceSpan call = gateway.begin("generate", TraceSpan.Kind.SERVER, caller);
      call.set("unmask.id", "gen-1");
      TraceSpan produce = call.child("produce", TraceSpan.Kind.PRODUCER);
      toSampler = produce.traceparent();
      toTrainer = call.traceparent();
      produce.end();
      call.end();
    }
    try (Tracing sampler = open("sampler")) {
      TraceSpan request = sampler.begin("request", TraceSpan.Kind.CONSUMER, toSampler);
      request.event("step", Map.of("step", 1L));
      request.failed("INTERNAL").end();
    }
    try (Tracing trainer = open("sft")) {
      trainer.begin("job", TraceSpan.Kind.CONSUMER, toTrainer).end();
    }

    Map<String, Span> spans = spans();
    assertThat(spans)
        .containsOnlyKeys(
            "unmask-gateway generate",
            "unmask-gateway produce",
            "unmask-sampler request",
            "unmask-sft job");
    assertThat(spans.values().stream().map(span -> hex(span.getTraceId())).distinct())
        .containsExactly(TraceParent.traceId(caller));
    Span generate = one(spans, "unmask-gateway generate");
    Span request = one(spans, "unmask-sampler request");
    assertThat(caller).contains(hex(generate.getParentSpanId()));
    assertThat(text(generate.getAttributesList(), "unmask.id")).isEqualTo("gen-1");
    assertThat(request.getParentSpanId())
        .isEqualTo(one(spans, "unmask-gateway produce").getSpanId());
    assertThat(request.getEvents(0).getName()).isEqualTo("step");
    assertThat(request.getKind()).isEqualTo(Span.SpanKind.SPAN_KIND_CONSUMER);
    assertThat(request.getStatus().getCodeValue()).isEqualTo(2);
    assertThat(one(spans, "unmask-sft job").getParentSpanId()).isEqualTo(generate.getSpanId());
    assertThat(
            received.stream()
                .map(of -> text(of.getResource().getAttributesList(), "service.instance.id"))
                .distinct())
        .containsExactlyInAnyOrder("gateway-1", "sampler-1", "sft-1");
  }

  @Test
  void aCollectorThatRefusesCostsNothingButTheSpans() {
    status = 400;
    try (Tracing gateway = open("gateway")) {
      TraceSpan call = gateway.begin("generate", TraceSpan.Kind.SERVER, TraceParent.fresh());
      call.end();
    }
    assertThat(spans()).containsOnlyKeys("unmask-gateway generate");
  }
}
