package dev.unmask.cli.up;

import dev.unmask.cli.CliException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/**
 * The certificate of the gateway that {@code up} runs.
 *
 * @param certificate PEM; one that names 127.0.0.1, because there it listens
 * @param key PEM, PKCS#8
 */
record UpTls(Path certificate, Path key) {

  /**
   * What the options say.
   *
   * @throws CliException when one is given without the other, or cannot be read
   */
  static Optional<UpTls> of(@Nullable Path certificate, @Nullable Path key) {
    if (certificate == null && key == null) {
      return Optional.empty();
    }
    if (certificate == null || key == null) {
      throw CliException.usage(
          "--tls-cert and --tls-key go together, and only "
              + (key == null ? "--tls-cert" : "--tls-key")
              + " is given");
    }
    for (Path file : new Path[] {certificate, key}) {
      if (!Files.isReadable(file)) {
        throw CliException.usage(file + " cannot be read");
      }
    }
    UpTls tls = new UpTls(certificate.toAbsolutePath(), key.toAbsolutePath());
    SSLContext unused = trusting(tls.certificate());
    return Optional.of(tls);
  }

  /** Settings of the gateway: both ports are encrypted, and nothing else is spoken. */
  Map<String, String> settings(int httpPort) {
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("quarkus.tls.key-store.pem.0.cert", certificate.toString());
    settings.put("quarkus.tls.key-store.pem.0.key", key.toString());
    settings.put("quarkus.http.ssl-port", String.valueOf(httpPort));
    settings.put("quarkus.http.insecure-requests", "disabled");
    return settings;
  }

  /** How to connect to whom a file of certificates vouches for, or contains. */
  static SSLContext trusting(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      KeyStore believed = KeyStore.getInstance("PKCS12");
      believed.load(null, null);
      int count = 0;
      for (Certificate found : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
        believed.setCertificateEntry("certificate-" + count++, found);
      }
      TrustManagerFactory trust =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(believed);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, trust.getTrustManagers(), null);
      return context;
    } catch (IOException | GeneralSecurityException e) {
      throw new CliException(file + " holds no certificate that can be used: " + e.getMessage(), e);
    }
  }
}
