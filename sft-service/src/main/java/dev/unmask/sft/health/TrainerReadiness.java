package dev.unmask.sft.health;

import dev.unmask.sft.SftApp;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
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
    HealthCheckResponseBuilder answer = HealthCheckResponse.named("sft").status(app.isReady());
    app.trouble().ifPresent(words -> answer.withData("missing", words));
    return answer.build();
  }
}
