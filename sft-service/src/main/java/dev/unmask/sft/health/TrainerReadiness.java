package dev.unmask.sft.health;

import dev.unmask.sft.SftApp;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/** Ready: the trainer is a member of its group and knows the cluster. */
@Readiness
@ApplicationScoped
public class TrainerReadiness implements HealthCheck {

  private final SftApp app;

  @Inject
  public TrainerReadiness(SftApp app) {
    this.app = app;
  }

  @Override
  public HealthCheckResponse call() {
    return HealthCheckResponse.named("sft").status(app.isReady()).build();
  }
}
