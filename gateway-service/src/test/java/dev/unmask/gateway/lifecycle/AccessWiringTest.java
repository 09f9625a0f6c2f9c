package dev.unmask.gateway.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.unmask.gateway.config.GatewayConfig;
import dev.unmask.gateway.config.JwtConfig;
import dev.unmask.gateway.flow.access.AccessRule;
import dev.unmask.gateway.flow.access.Doorkeeper;
import dev.unmask.gateway.flow.access.Permission;
import dev.unmask.store.access.ApiKeyFile;
import dev.unmask.store.access.ApiKeys;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.quarkus.runtime.configuration.MemorySize;
import io.quarkus.runtime.configuration.MemorySizeConverter;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nothing that others can reach starts without somebody at its door. */
final class AccessWiringTest {

  private static final String LOCAL = "127.0.0.1";
  private static final String OPEN = "0.0.0.0";

  private final AccessWiring wiring = new AccessWiring();

  @TempDir private Path folder;

  @AfterEach
  void close() throws Exception {
    wiring.close();
  }

  private Doorkeeper door(String http, String grpc, Map<String, String> settings) {
    SmallRyeConfig config =
        new SmallRyeConfigBuilder()
            .withMapping(GatewayConfig.class)
            .withMapping(JwtConfig.class)
            .withConverter(MemorySize.class, 200, new MemorySizeConverter())
            .withSources(new PropertiesConfigSource(settings, "test", 500))
            .build();
    return wiring.doorkeeper(
        config.getConfigMapping(GatewayConfig.class),
        config.getConfigMapping(JwtConfig.class),
        http,
        grpc);
  }

  private static boolean letsIn(Doorkeeper door, Permission needed) {
    try {
      var unused = door.admit(Optional.of(new AccessRule(needed, null)), name -> null);
      return true;
    } catch (dev.unmask.gateway.flow.RefusedException e) {
      return false;
    }
  }

  @Test
  void onLoopbackEverybodyIsAnOperator() {
    assertThat(letsIn(door(LOCAL, "localhost", Map.of()), Permission.ADMIN)).isTrue();
  }

  @Test
  void elsewhereItIsSaidOrThereAreKeys() throws Exception {
    for (String[] hosts : new String[][] {{OPEN, LOCAL}, {LOCAL, OPEN}, {OPEN, OPEN}}) {
      assertThatThrownBy(() -> door(hosts[0], hosts[1], Map.of()))
          .isInstanceOf(ConfigurationException.class)
          .hasMessageContaining(OPEN)
          .hasMessageContaining("unmask.gateway.api-keys")
          .hasMessageContaining("unmask.gateway.insecure=true");
    }
    Doorkeeper said = door(OPEN, OPEN, Map.of("unmask.gateway.insecure", "true"));
    assertThat(letsIn(said, Permission.USER)).isTrue();
    assertThat(letsIn(said, Permission.ADMIN)).isFalse();
    Path keys = folder.resolve("keys.json");
    ApiKeyFile.write(keys, ApiKeys.none());
    Doorkeeper locked = door(OPEN, OPEN, Map.of("unmask.gateway.api-keys", keys.toString()));
    assertThat(letsIn(locked, Permission.USER)).isFalse();
    assertThat(letsIn(locked, Permission.PUBLIC)).isTrue();
  }

  @Test
  void whatCannotBeReadStopsTheStartWithASentence() {
    String none = folder.resolve("none").toString();
    assertThatThrownBy(() -> door(LOCAL, LOCAL, Map.of("unmask.gateway.api-keys", none)))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining(none);
    assertThatThrownBy(() -> door(LOCAL, LOCAL, Map.of("unmask.gateway.jwt.keys", none)))
        .hasMessageContaining("unmask.gateway.jwt.issuer");
    assertThatThrownBy(() ->
            door(
                LOCAL,
                LOCAL,
                Map.of(
                    "unmask.gateway.jwt.keys",
                    none,
                    "unmask.gateway.jwt.issuer",
                    "i",
                    "unmask.gateway.jwt.audience",
                    "a")))
        .hasMessageContaining("unmask.gateway.jwt.keys");
  }
}
