package dev.unmask.gateway.lifecycle;

import io.quarkus.grpc.runtime.GrpcServerRecorder;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.configuration.ConfigurationException;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import jakarta.interceptor.Interceptor;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/**
 * Ends the start with a sentence when the gRPC port could not be opened, such as one that another
 * process has: Quarkus goes on without it.
 */
@Singleton
public class GrpcPort {

  /** Quarkus counts a server shortly after it says that it runs. */
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  private static final Duration LOOK = Duration.ofMillis(10);

  private final String host;
  private final int port;

  public GrpcPort(
      @ConfigProperty(name = "quarkus.grpc.server.host") String host,
      @ConfigProperty(name = "quarkus.grpc.server.port") int port) {
    this.host = host;
    this.port = port;
  }

  /** After the certificates were looked at, which may be why, and before any reader starts. */
  void check(@Observes @Priority(Interceptor.Priority.PLATFORM_BEFORE + 1) StartupEvent event) {
    if (!opened(() -> GrpcServerRecorder.getVerticleCount() > 0, PATIENCE)) {
      // A PreventFurtherStepsException of an observer would leave the process there, doing nothing.
      throw new ConfigurationException(refusal());
    }
  }

  /** Why the gateway does not start. */
  String refusal() {
    return "unmask-gateway does not start: the gRPC port "
        + host
        + ":"
        + port
        + " could not be opened; another process may have it. Choose another one with"
        + " quarkus.grpc.server.port (QUARKUS_GRPC_SERVER_PORT).";
  }

  static boolean opened(BooleanSupplier open, Duration patience) {
    long giveUp = System.nanoTime() + patience.toNanos();
    while (!open.getAsBoolean()) {
      if (System.nanoTime() - giveUp > 0) {
        return false;
      }
      try {
        Thread.sleep(LOOK);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
    return true;
  }
}
