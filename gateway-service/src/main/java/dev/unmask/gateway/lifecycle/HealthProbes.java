package dev.unmask.gateway.lifecycle;

import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.util.List;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;
import org.eclipse.microprofile.health.Readiness;

/** The HTTP probes at /q/health. */
@Singleton
public class HealthProbes {

  @Produces
  @Readiness
  @Singleton
  HealthCheck ready(Health health) {
    return () -> {
      List<String> missing = health.missing();
      var response = HealthCheckResponse.named("gateway").status(missing.isEmpty());
      if (!missing.isEmpty()) {
        response.withData("missing", String.join("; ", missing));
      }
      return response.build();
    };
  }

  @Produces
  @Liveness
  @Singleton
  HealthCheck alive(Health health) {
    return () -> HealthCheckResponse.named("kafka readers").status(health.alive()).build();
  }
}
