package dev.unmask.store.access;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class MetricsDoorTest {

  private static final Instant NOW = Instant.parse("2026-05-01T00:00:00Z");

  private ApiKeys keys = ApiKeys.none();
  private MetricsDoor door;

  @BeforeEach
  void open() {
    door = new MetricsDoor(() -> keys, () -> {}, Clock.fixed(NOW, ZoneOffset.UTC));
  }

  private String key(String role, Optional<Instant> ends) throws Exception {
    ApiKeys.Made made = ApiKeys.make(role, "acme", List.of(role), NOW, ends);
    keys = keys.with(made.key());
    return "Bearer " + made.secret();
  }

  private int status(String path, @Nullable String authorization) {
    return door.refuse(path, authorization).map(MetricsDoor.Refused::status).orElse(200);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/metrics", "/", "/q", "/q/", "/q/healthy", "/q/info", "/nothing", ""})
  void everythingButHealthAsksForAKeyWithTheRole(String path) throws Exception {
    assertThat(status(path, null)).isEqualTo(401);
    assertThat(status(path, " ")).isEqualTo(401);
    assertThat(status(path, "Basic dXNlcg==")).isEqualTo(401);
    assertThat(status(path, "Bearer unmask-0123456789ab-x")).isEqualTo(401);
    assertThat(status(path, key("user", Optional.empty()))).isEqualTo(403);
    assertThat(status(path, key("metrics", Optional.empty()))).isEqualTo(200);
    assertThat(status(path, key("admin", Optional.empty()).replace("Bearer", "bearer")))
        .isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/q/health", "/q/health/", "/q/health/ready", "/q/health/live"})
  void healthIsEverybodys(String path) {
    assertThat(status(path, null)).isEqualTo(200);
    assertThat(status(path, "nonsense")).isEqualTo(200);
  }

  @Test
  void aKeyThatHasEndedOrIsRevokedCountsNoMore() throws Exception {
    String ended = key("metrics", Optional.of(NOW));
    String revoked = key("metrics", Optional.of(NOW.plusSeconds(1)));
    assertThat(status("/metrics", revoked)).isEqualTo(200);
    assertThat(door.refuse("/metrics", ended).orElseThrow().sentence()).contains("has expired");
    keys = ApiKeys.none();
    assertThat(status("/metrics", revoked)).isEqualTo(401);
  }
}
