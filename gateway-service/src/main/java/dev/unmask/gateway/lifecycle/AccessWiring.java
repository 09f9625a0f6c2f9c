package dev.unmask.gateway.lifecycle;

import dev.unmask.gateway.config.GatewayConfig;
import dev.unmask.gateway.config.JwtConfig;
import dev.unmask.gateway.flow.access.AccessTable;
import dev.unmask.gateway.flow.access.AuditLog;
import dev.unmask.gateway.flow.access.Doorkeeper;
import dev.unmask.gateway.identity.SignedTokens;
import dev.unmask.gateway.identity.TokenSource;
import dev.unmask.gateway.messaging.KafkaOutbox;
import dev.unmask.gateway.messaging.KafkaSettings;
import dev.unmask.store.access.ApiKeyFile;
import dev.unmask.store.access.ApiKeys;
import dev.unmask.store.access.WatchedFile;
import io.quarkus.runtime.configuration.ConfigurationException;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

/** Builds the door, once, or stops the start with a sentence when nobody would stand at it. */
@Singleton
public class AccessWiring {

  private static final Logger LOG = Logger.getLogger(AccessWiring.class);

  private final List<AutoCloseable> watched = new ArrayList<>();

  @Produces
  @Singleton
  AccessTable table() {
    return AccessTable.gateway();
  }

  @Produces
  @Singleton
  AuditLog audit(KafkaOutbox outbox, KafkaSettings settings) {
    return new AuditLog(outbox::audit, settings.instance(), Clock.systemUTC());
  }

  @Produces
  @Singleton
  Doorkeeper doorkeeper(
      GatewayConfig config,
      JwtConfig jwt,
      @ConfigProperty(name = "quarkus.http.host") String httpHost,
      @ConfigProperty(name = "quarkus.grpc.server.host") String grpcHost) {
    boolean local = Listeners.isLoopback(httpHost) && Listeners.isLoopback(grpcHost);
    Doorkeeper.Settings settings =
        new Doorkeeper.Settings(
            config.apiKeys().map(this::keys),
            jwt.keys().map(place -> tokens(jwt, place)),
            config.tenantHeader().map(name -> name.toLowerCase(Locale.ROOT)),
            config.admin().orElse(local),
            config.publicMetrics());
    if (!settings.locked() && !local) {
      if (!config.insecure()) {
        throw new ConfigurationException(Listeners.refusal(httpHost, grpcHost));
      }
      LOG.warnf(
          "event=gateway.insecure http=%s grpc=%s what=\"others can reach this gateway and it asks"
              + " nobody who he is\"",
          httpHost, grpcHost);
    }
    return new Doorkeeper(settings, Clock.systemUTC());
  }

  private Supplier<ApiKeys> keys(Path file) {
    try {
      WatchedFile<ApiKeys> keys = new WatchedFile<>("api-keys", file, ApiKeyFile::read);
      watched.add(keys);
      LOG.infof("event=api-keys.read keys=%d", keys.get().all().size());
      return keys;
    } catch (IOException e) {
      throw new ConfigurationException(
          "The gateway cannot start: " + e.getMessage() + " (unmask.gateway.api-keys).", e);
    }
  }

  private Doorkeeper.Tokens tokens(JwtConfig jwt, String place) {
    try {
      TokenSource source =
          TokenSource.of(
              place,
              jwt.keysCa(),
              new SignedTokens.Rules(
                  wanted(jwt.issuer(), "issuer"),
                  wanted(jwt.audience(), "audience"),
                  jwt.tenantClaim(),
                  jwt.rolesClaim(),
                  jwt.adminRole(),
                  jwt.userRole(),
                  jwt.clockSkew()),
              Clock.systemUTC());
      watched.add(source);
      return source.tokens();
    } catch (IOException e) {
      throw new ConfigurationException(
          "The gateway cannot start: " + e.getMessage() + " (unmask.gateway.jwt.keys, keys-ca).",
          e);
    }
  }

  private static String wanted(Optional<String> value, String name) {
    return value.orElseThrow(() ->
        new ConfigurationException(
            "The gateway cannot start: with unmask.gateway.jwt.keys there must be"
                + " unmask.gateway.jwt."
                + name
                + ", or tokens for others would be taken here."));
  }

  @PreDestroy
  void close() throws Exception {
    for (AutoCloseable each : watched) {
      each.close();
    }
  }
}
