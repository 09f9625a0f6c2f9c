package dev.unmask.gateway.telemetry;

import dev.unmask.gateway.flow.admission.Quotas;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;

/**
 * {@code unmask_quota_remaining}: what is left of each limit. The class of a tenant is the name
 * that its limit has, so that the number of series does not grow with that of tenants.
 */
public final class QuotaGauges {

  private QuotaGauges() {}

  /** Adds gauges for each limit, also for those that are set later. */
  public static void register(MeterRegistry registry, Quotas quotas) {
    quotas.onLimited(name -> {
      var unusedRequests =
          registry.gauge(
              "unmask_quota_remaining",
              Tags.of("tenant_class", name, "of", "requests"),
              quotas,
              q -> q.left(name).requests());
      var unusedTokens =
          registry.gauge(
              "unmask_quota_remaining",
              Tags.of("tenant_class", name, "of", "tokens"),
              quotas,
              q -> q.left(name).tokens());
    });
  }
}
