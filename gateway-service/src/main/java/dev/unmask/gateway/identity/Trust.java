package dev.unmask.gateway.identity;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Collection;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Who vouches for an address that keys are fetched from. */
final class Trust {

  private Trust() {}

  /**
   * Certificates of a file, or Java's own authorities.
   *
   * @throws IOException with a sentence when the file holds none
   */
  static SSLContext of(Optional<Path> file) throws IOException {
    try {
      if (file.isEmpty()) {
        return SSLContext.getDefault();
      }
      KeyStore believed = KeyStore.getInstance("PKCS12");
      believed.load(null, null);
      int number = 0;
      for (Certificate found : read(file.get())) {
        believed.setCertificateEntry("authority-" + number++, found);
      }
      TrustManagerFactory managers =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      managers.init(believed);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, managers.getTrustManagers(), null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IOException("the trust store cannot be used: " + e.getMessage(), e);
    }
  }

  private static Collection<? extends Certificate> read(Path file) throws IOException {
    if (!Files.isReadable(file)) {
      throw new IOException("there is no readable file " + file);
    }
    try (InputStream in = Files.newInputStream(file)) {
      Collection<? extends Certificate> found =
          CertificateFactory.getInstance("X.509").generateCertificates(in);
      if (found.isEmpty()) {
        throw new IOException(file + " holds no certificate in PEM");
      }
      return found;
    } catch (GeneralSecurityException e) {
      throw new IOException(file + " holds no certificate in PEM", e);
    }
  }
}
