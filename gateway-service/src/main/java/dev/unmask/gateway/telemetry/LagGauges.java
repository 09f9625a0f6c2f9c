package dev.unmask.gateway.telemetry;

import io.micrometer.core.instrument.MeterRegistry;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** {@code unmask_kafka_consumer_lag}: requests on a topic that have not ended. Any thread. */
public final class LagGauges {

  private final MeterRegistry registry;
  private final Map<String, AtomicLong> lags = new ConcurrentHashMap<>();

  public LagGauges(MeterRegistry registry) {
    this.registry = registry;
  }

  /** The samplers of a topic are this far behind. */
  public void lag(String topic, long requests) {
    lags.computeIfAbsent(
            topic,
            name ->
                registry.gauge(
                    "unmask_kafka_consumer_lag",
                    io.micrometer.core.instrument.Tags.of("topic", name),
                    new AtomicLong()))
        .set(requests);
  }
}
