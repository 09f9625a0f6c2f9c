package dev.unmask.gateway.api;

import dev.unmask.v1.EventDetail;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.inject.Singleton;
import java.util.Locale;

/** Counts the frames of streams by mode. Any thread. */
@Singleton
public class StreamMetrics {

  private final MeterRegistry registry;

  public StreamMetrics(MeterRegistry registry) {
    this.registry = registry;
  }

  /** The counters of one mode. */
  public Frames frames(EventDetail detail) {
    String mode = detail.name().substring("EVENT_DETAIL_".length()).toLowerCase(Locale.ROOT);
    return new Frames(
        registry.counter("unmask_stream_frames", "mode", mode),
        registry.counter("unmask_stream_frames_merged", "mode", mode));
  }

  /** One stream's counters. */
  public record Frames(Counter sent, Counter melted) {

    public void written() {
      sent.increment();
    }

    public void merged() {
      melted.increment();
    }
  }
}
