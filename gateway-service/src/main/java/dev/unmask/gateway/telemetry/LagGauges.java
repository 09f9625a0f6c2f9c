package dev.unmask.gateway.telemetry;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;

/**
 * {@code unmask_kafka_consumer_lag}: requests on a topic that have not ended, by which samplers are
 * scaled. Every gateway says the same. Any thread.
 */
public final class LagGauges {

  private final MeterRegistry registry;
  private final Map<String, AtomicReference<Double>> lags = new ConcurrentHashMap<>();

  public LagGauges(MeterRegistry registry) {
    this.registry = registry;
  }

  /**
   * The samplers of a topic are this far behind.
   *
   * @param requests not a number when the brokers do not say
   */
  public void lag(String topic, double requests) {
    lags.computeIfAbsent(
            topic,
            name ->
                registry.gauge(
                    "unmask_kafka_consumer_lag",
                    Tags.of("topic", name),
                    new AtomicReference<>(Double.NaN),
                    AtomicReference::get))
        .set(requests);
  }
}
