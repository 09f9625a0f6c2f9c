package dev.unmask.cli.up;

import dev.unmask.cli.CliException;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.cli.client.StatusSentences;
import dev.unmask.v1.DiffusionParams;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateResponse;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Sends one tiny request through the whole path. A sampler's consumers join their share group some
 * time after the sampler reports ready, and a cluster that says {@code ready} should answer at
 * once, not after that.
 */
final class FirstAnswer {

  private static final Duration AGAIN = Duration.ofMillis(100);

  private FirstAnswer() {}

  /**
   * Returns when a request was answered, or refused for want of a key: then the gateway is up, and
   * who has no key cannot ask it for more.
   *
   * @throws CliException with a sentence when none was within {@code patience}
   */
  static void await(Supplier<GatewayClient> connection, Duration patience)
      throws InterruptedException {
    GenerateRequest request =
        GenerateRequest.newBuilder()
            .setPrompt("hello")
            .setDiffusion(
                DiffusionParams.newBuilder().setGenLength(1).setBlockLength(1).setSteps(1))
            .build();
    long end = System.nanoTime() + patience.toNanos();
    try (GatewayClient client = connection.get()) {
      while (true) {
        try {
          GenerateResponse unused =
              client
                  .generation()
                  .withDeadlineAfter(Math.max(1, end - System.nanoTime()), TimeUnit.NANOSECONDS)
                  .generate(request);
          return;
        } catch (StatusRuntimeException e) {
          if (e.getStatus().getCode() == Status.Code.UNAUTHENTICATED) {
            return;
          }
          boolean comesUp = e.getStatus().getCode() == Status.Code.UNAVAILABLE;
          if (!comesUp || System.nanoTime() >= end) {
            throw new CliException(
                "the services are up but a first request failed: " + StatusSentences.of(e), e);
          }
        }
        Thread.sleep(AGAIN);
      }
    }
  }
}
