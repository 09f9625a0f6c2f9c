package dev.unmask.tracing;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.Map;

/**
 * A span that has ended, as it stands in a line of a file.
 *
 * @param parent the span that it is a part of; empty for the first one of a trace
 * @param kind server, client, producer, consumer or internal
 * @param startNanos Unix time
 * @param error a code; empty for a span that did what it was for
 */
public record SpanRecord(
    String trace,
    String span,
    String parent,
    String name,
    String kind,
    String service,
    String instance,
    @JsonProperty("start_ns") long startNanos,
    @JsonProperty("end_ns") long endNanos,
    String error,
    Map<String, Object> attributes,
    List<Happening> events) {

  /** Something that happened within a span. */
  public record Happening(
      String name, @JsonProperty("at_ns") long atNanos, Map<String, Object> attributes) {}

  /** How long it took. */
  public long nanos() {
    return endNanos - startNanos;
  }
}
