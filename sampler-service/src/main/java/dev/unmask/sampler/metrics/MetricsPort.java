package dev.unmask.sampler.metrics;

import dev.unmask.sampler.config.SamplerConfig;
import dev.unmask.store.access.MetricsDoor;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Puts a {@link MetricsDoor} before every route of this sampler's port, when there are keys. */
@Singleton
public class MetricsPort {

  private final Optional<Path> file;
  private @Nullable MetricsDoor door;

  public MetricsPort(SamplerConfig config) {
    this.file = config.sampler().apiKeys();
  }

  void routes(@Observes Router router) {
    if (file.isEmpty()) {
      return;
    }
    try {
      MetricsDoor opened = MetricsDoor.of(file.get());
      door = opened;
      router
          .route()
          .order(Integer.MIN_VALUE)
          .handler(routing ->
              opened
                  .refuse(routing.normalizedPath(), routing.request().getHeader("authorization"))
                  .ifPresentOrElse(why -> answer(routing, why), routing::next));
    } catch (IOException e) {
      throw new ConfigurationException(
          "The sampler cannot start: " + e.getMessage() + " (unmask.sampler.api-keys).", e);
    }
  }

  private static void answer(RoutingContext routing, MetricsDoor.Refused why) {
    HttpServerResponse response = routing.response().setStatusCode(why.status());
    why.headers().forEach(response::putHeader);
    response.end(why.sentence() + "\n");
  }

  @PreDestroy
  void close() throws Exception {
    if (door != null) {
      door.close();
    }
  }
}
