package dev.unmask.sampler.health;

import dev.unmask.sampler.SamplerApp;
import dev.unmask.sampler.SamplerWorker;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Readiness;

/** Ready: Kafka acknowledges, the default model is loaded, and the worker is not draining. */
@Readiness
@ApplicationScoped
public class WorkerReadiness implements HealthCheck {

  private final SamplerApp app;

  @Inject
  public WorkerReadiness(SamplerApp app) {
    this.app = app;
  }

  @Override
  public HealthCheckResponse call() {
    SamplerWorker.Standing now = app.standing();
    HealthCheckResponseBuilder answer =
        HealthCheckResponse.named("sampler")
            .status(now.ready())
            .withData("kafka", now.kafka())
            .withData("default_model", now.defaultModel())
            .withData("state", now.state());
    now.trouble().ifPresent(words -> answer.withData("missing", words));
    return answer.build();
  }
}
