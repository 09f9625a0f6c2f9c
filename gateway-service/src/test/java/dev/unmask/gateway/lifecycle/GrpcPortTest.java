package dev.unmask.gateway.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class GrpcPortTest {

  @Test
  void aPortThatIsOpenedLateCountsAndOneThatIsNotDoesNot() {
    AtomicInteger looks = new AtomicInteger();
    assertThat(GrpcPort.opened(() -> looks.incrementAndGet() > 3, Duration.ofMinutes(1))).isTrue();
    assertThat(GrpcPort.opened(() -> false, Duration.ofMillis(1))).isFalse();
  }

  @Test
  void theSentenceNamesThePortAndTheSetting() {
    assertThat(new GrpcPort("127.0.0.1", 9000).refusal())
        .contains("127.0.0.1:9000", "quarkus.grpc.server.port")
        .endsWith(".");
  }
}
