package dev.unmask.gateway.flow.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.store.access.ApiKeys;
import dev.unmask.v1.ErrorCode;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class DoorkeeperTest {

  private static final Instant NOW = Instant.parse("2026-05-01T00:00:00Z");
  private static final Clock CLOCK = Clock.fixed(NOW, ZoneOffset.UTC);

  private static Optional<AccessRule> rule(Permission permission) {
    return Optional.of(new AccessRule(permission, null));
  }

  private static Doorkeeper open(boolean admin) {
    return new Doorkeeper(
        new Doorkeeper.Settings(
            Optional.empty(), Optional.empty(), Optional.of("x-tenant"), admin, false),
        CLOCK);
  }

  private static Doorkeeper locked(ApiKeys keys) {
    return new Doorkeeper(
        new Doorkeeper.Settings(
            Optional.of(() -> keys), Optional.empty(), Optional.of("x-tenant"), true, false),
        CLOCK);
  }

  private static ApiKeys.Made key(String... roles) throws Exception {
    return ApiKeys.make("its-name", "acme", List.of(roles), NOW, Optional.of(NOW.plusSeconds(9)));
  }

  private static Principal admit(Doorkeeper door, Permission needed, Map<String, String> headers)
      throws RefusedException {
    return door.admit(rule(needed), headers::get);
  }

  private static Refusal refusal(Doorkeeper door, Permission needed, Map<String, String> headers) {
    return catchThrowableOfType(RefusedException.class, () -> admit(door, needed, headers))
        .refusal();
  }

  private static Map<String, String> bearer(String key) {
    return Map.of("authorization", "Bearer " + key);
  }

  @Test
  void withoutKeysEverybodyIsLetInAndAHeaderNamesTheTenant() throws Exception {
    Principal who = admit(open(true), Permission.ADMIN, Map.of("x-tenant", "blue"));
    assertThat(who.tenant()).isEqualTo("blue");
    assertThat(admit(open(false), Permission.METRICS, Map.of("x-tenant", "a b")).tenant())
        .isEqualTo("default");
    Refusal noOperator = refusal(open(false), Permission.ADMIN, Map.of());
    assertThat(noOperator.code()).isEqualTo(ErrorCode.ERROR_CODE_PERMISSION_DENIED);
    assertThat(noOperator.message()).contains("unmask.gateway.admin=true");
  }

  @Test
  void aKeySaysWhoComesAndNoHeaderDoes() throws Exception {
    ApiKeys.Made made = key("user");
    Doorkeeper door = locked(ApiKeys.none().with(made.key()));
    Principal who =
        admit(
            door,
            Permission.USER,
            Map.of("authorization", "bearer  " + made.secret(), "x-tenant", "blue"));
    assertThat(who.tenant()).isEqualTo("acme");
    assertThat(who.name()).isEqualTo("its-name");
    assertThat(who.isAdmin()).isFalse();
    assertThat(refusal(door, Permission.ADMIN, bearer(made.secret())).code())
        .isEqualTo(ErrorCode.ERROR_CODE_PERMISSION_DENIED);
    assertThat(refusal(door, Permission.METRICS, bearer(made.secret())).code())
        .isEqualTo(ErrorCode.ERROR_CODE_PERMISSION_DENIED);
  }

  @Test
  void rolesAreForWhatTheySay() throws Exception {
    ApiKeys.Made admin = key("admin");
    ApiKeys.Made metrics = key("metrics");
    Doorkeeper door = locked(ApiKeys.none().with(admin.key()).with(metrics.key()));
    for (Permission permission : Permission.values()) {
      assertThat(admit(door, permission, bearer(admin.secret()))).isNotNull();
    }
    assertThat(admit(door, Permission.METRICS, bearer(metrics.secret()))).isNotNull();
    assertThat(refusal(door, Permission.USER, bearer(metrics.secret())).message())
        .contains("for users");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "Basic dXNlcjpwYXNz",
        "Bearer",
        "Bearer ",
        "Bearer unmask-0123456789ab-wrong",
        "Bearer eyJhbGciOiJub25lIn0.e30."
      })
  void whoIsNotKnownIsToldSoAndNothingElse(String authorization) throws Exception {
    Doorkeeper door = locked(ApiKeys.none().with(key("user").key()));
    Refusal refusal = refusal(door, Permission.USER, Map.of("authorization", authorization));
    assertThat(refusal.code()).isEqualTo(ErrorCode.ERROR_CODE_UNAUTHENTICATED);
    assertThat(refusal.message()).endsWith(".").doesNotContain("acme").doesNotContain("its-name");
  }

  @Test
  void aKeyThatHasExpiredIsNone() throws Exception {
    ApiKeys.Made made =
        ApiKeys.make("old", "acme", List.of("user"), NOW, Optional.of(NOW.minusSeconds(1)));
    assertThat(
            refusal(locked(ApiKeys.none().with(made.key())), Permission.USER, bearer(made.secret()))
                .message())
        .contains("expired");
  }

  @Test
  void whatIsPublicAsksForNothingAndWhatNobodyListsAsksForAKey() throws Exception {
    Doorkeeper door = locked(ApiKeys.none());
    assertThat(admit(door, Permission.PUBLIC, Map.of()).isAdmin()).isFalse();
    RefusedException e =
        catchThrowableOfType(
            RefusedException.class, () -> door.admit(Optional.empty(), name -> null));
    assertThat(e.refusal().code()).isEqualTo(ErrorCode.ERROR_CODE_UNAUTHENTICATED);
  }
}
