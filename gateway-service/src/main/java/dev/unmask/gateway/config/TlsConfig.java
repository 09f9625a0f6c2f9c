package dev.unmask.gateway.config;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.util.Locale;

/**
 * Whether callers have to show a certificate of their own. The certificates of the gateway, and
 * whom it believes, are Quarkus's {@code quarkus.tls.*}.
 */
@ConfigMapping(prefix = "unmask.tls")
public interface TlsConfig {

  /** What a port wants of its callers. */
  enum ClientAuth {
    /** Nothing. */
    NONE,
    /** Whoever has a certificate shows it, and it must be good. */
    REQUEST,
    /** Nobody is served without. */
    REQUIRED;

    /** As Netty and Vert.x spell them. */
    public String lower() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Of callers of the gRPC port. */
  @WithDefault("none")
  ClientAuth grpcClientAuth();

  /** Of callers of the HTTP port; Kubernetes's probes have none. */
  @WithDefault("none")
  ClientAuth httpClientAuth();
}
