package dev.unmask.cli.client;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that every client command has. */
public final class EndpointOption {

  @Option(
      names = "--endpoint",
      paramLabel = "HOST:PORT",
      description =
          "The gRPC port of the cluster. Default: $UNMASK_ENDPOINT, else the `unmask up` of this"
              + " machine.")
  private @Nullable String address;

  @Option(
      names = "--tls",
      description =
          "Encrypts, as an endpoint https://HOST:PORT does. Default: $UNMASK_TLS, or what `unmask"
              + " up` of this machine says.")
  private boolean tls;

  @Option(
      names = "--tls-ca",
      paramLabel = "FILE",
      description =
          "Encrypts, and trusts whom this file (PEM) says. Default: $UNMASK_TLS_CA, else the"
              + " authorities that Java trusts.")
  private @Nullable Path authority;

  @Option(
      names = "--tls-cert",
      paramLabel = "FILE",
      description = "Your certificate (PEM), for a cluster that wants one; or $UNMASK_TLS_CERT.")
  private @Nullable Path certificate;

  @Option(
      names = "--tls-key",
      paramLabel = "FILE",
      description = "Its key (PEM, PKCS#8, not encrypted); or $UNMASK_TLS_KEY.")
  private @Nullable Path key;

  @Option(
      names = "--api-key-file",
      paramLabel = "FILE",
      description =
          "A file with the API key to send. Default: the key in $UNMASK_API_KEY, else the file"
              + " $UNMASK_API_KEY_FILE names.")
  private @Nullable Path keyFile;

  /** What was given, if anything. */
  public @Nullable String address() {
    return address;
  }

  boolean tls() {
    return tls;
  }

  @Nullable Path authority() {
    return authority;
  }

  @Nullable Path certificate() {
    return certificate;
  }

  @Nullable Path key() {
    return key;
  }

  /** The file that was given, if any. */
  public @Nullable Path keyFile() {
    return keyFile;
  }
}
