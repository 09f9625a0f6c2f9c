package dev.unmask.cli.client;

import dev.unmask.cli.CliException;
import dev.unmask.cli.Session;
import dev.unmask.cli.endpoint.Discovery;
import dev.unmask.cli.endpoint.Endpoints;
import io.grpc.ChannelCredentials;
import io.grpc.TlsChannelCredentials;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How a command encrypts its calls.
 *
 * @param trusted PEM of who vouches for the cluster; null for those that Java believes
 * @param certificate PEM of this caller, for clusters that want one
 * @param key of the certificate
 */
record ClientTls(@Nullable Path trusted, @Nullable Path certificate, @Nullable Path key) {

  private static final String HTTPS = "https://";

  /**
   * What options, environment and the {@code up} of this machine say; empty for plain text. The
   * environment's variables belong to the endpoint in {@code UNMASK_ENDPOINT} or {@code
   * --endpoint}; what {@code up} started is as {@code up} wrote down.
   *
   * @throws CliException when a file cannot be read, or a certificate has no key
   */
  static Optional<ClientTls> of(Session session, EndpointOption option) {
    Map<String, String> environment = session.environment();
    String given = option.address();
    String endpoint =
        given == null ? environment.getOrDefault("UNMASK_ENDPOINT", "").strip() : given;
    if (endpoint.isEmpty() && !option.tls()) {
      return Discovery.local(session).flatMap(ClientTls::of);
    }
    Path trusted = file(option.authority(), environment, "UNMASK_TLS_CA", "--tls-ca");
    Path certificate = file(option.certificate(), environment, "UNMASK_TLS_CERT", "--tls-cert");
    Path key = file(option.key(), environment, "UNMASK_TLS_KEY", "--tls-key");
    if ((certificate == null) != (key == null)) {
      throw CliException.usage(
          "--tls-cert and --tls-key (UNMASK_TLS_CERT, UNMASK_TLS_KEY) go together, and only "
              + (key == null ? "the certificate" : "the key")
              + " is given");
    }
    boolean on =
        option.tls()
            || endpoint.startsWith(HTTPS)
            || trusted != null
            || certificate != null
            || Boolean.parseBoolean(environment.getOrDefault("UNMASK_TLS", ""));
    return on ? Optional.of(new ClientTls(trusted, certificate, key)) : Optional.empty();
  }

  /** That of a cluster of this machine. */
  static Optional<ClientTls> of(Endpoints local) {
    return Optional.ofNullable(local.tlsTrust())
        .map(trust -> new ClientTls(Path.of(trust), null, null));
  }

  ChannelCredentials credentials() {
    try {
      TlsChannelCredentials.Builder credentials = TlsChannelCredentials.newBuilder();
      if (trusted != null) {
        credentials.trustManager(trusted.toFile());
      }
      if (certificate != null && key != null) {
        credentials.keyManager(certificate.toFile(), key.toFile());
      }
      return credentials.build();
    } catch (IOException | IllegalArgumentException e) {
      throw new CliException("the certificates cannot be used: " + e.getMessage(), e);
    }
  }

  private static @Nullable Path file(
      @Nullable Path option, Map<String, String> environment, String variable, String name) {
    String text = environment.getOrDefault(variable, "").strip();
    Path file = option != null || text.isEmpty() ? option : Path.of(text);
    if (file != null && !Files.isReadable(file)) {
      throw CliException.usage(
          (option == null ? variable : name) + " names " + file + ", which cannot be read");
    }
    return file;
  }
}
