package dev.unmask.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.jspecify.annotations.Nullable;

/**
 * An authority that vouches for certificates which are made while tests run: PEM files in a folder.
 */
public final class TestAuthority {

  private final Path folder;
  private final String name;
  private final KeyPair keys;
  private final X509Certificate certificate;

  /**
   * One certificate with its key.
   *
   * @param certificate PEM
   * @param key PEM, PKCS#8, not encrypted
   * @param both PEM of the key and the certificate
   */
  public record Identity(Path certificate, Path key, Path both) {}

  /**
   * A new authority.
   *
   * @param folder where files are written; it is created
   */
  public TestAuthority(Path folder, String name) {
    this.folder = folder;
    this.name = name;
    this.keys = newKeys();
    this.certificate = sign(new X500Principal("CN=" + name), keys, true);
    try {
      Files.createDirectories(folder);
      Files.writeString(certificate(), pem(certificate));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The file of what others have to trust. */
  public Path certificate() {
    return folder.resolve(name + "-ca.pem");
  }

  /** A certificate for {@code CN=name} on this machine, good for servers and clients. */
  public Identity identity(String commonName) {
    KeyPair own = newKeys();
    X509Certificate made = sign(new X500Principal("CN=" + commonName), own, false);
    Path certificateFile = folder.resolve(commonName + ".crt");
    Path key = folder.resolve(commonName + ".key");
    Path both = folder.resolve(commonName + ".pem");
    try {
      String keyText = pem(new JcaPKCS8Generator(own.getPrivate(), null));
      Files.writeString(certificateFile, pem(made));
      Files.writeString(key, keyText);
      Files.writeString(both, keyText + pem(made));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new Identity(certificateFile, key, both);
  }

  /**
   * How a Java client connects that trusts an authority.
   *
   * @param own what it shows of itself, if anything
   */
  public static SSLContext client(Path trusted, @Nullable Identity own) {
    try {
      KeyStore believed = KeyStore.getInstance("PKCS12");
      believed.load(null, null);
      believed.setCertificateEntry("authority", read(trusted));
      TrustManagerFactory trust =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(believed);
      KeyStore shown = KeyStore.getInstance("PKCS12");
      shown.load(null, null);
      if (own != null) {
        shown.setKeyEntry(
            "own", key(own.key()), new char[0], new Certificate[] {read(own.certificate())});
      }
      KeyManagerFactory keys =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      keys.init(shown, new char[0]);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Certificate read(Path file) throws IOException, GeneralSecurityException {
    try (InputStream in = Files.newInputStream(file)) {
      return CertificateFactory.getInstance("X.509").generateCertificate(in);
    }
  }

  private static PrivateKey key(Path file) throws IOException, GeneralSecurityException {
    String base64 =
        Files.readString(file).replaceAll("-----[A-Z ]+-----", "").replaceAll("\\s", "");
    return KeyFactory.getInstance("EC")
        .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(base64)));
  }

  private static KeyPair newKeys() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(256);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private X509Certificate sign(X500Principal subject, KeyPair subjectKeys, boolean authority) {
    Instant now = Instant.now();
    JcaX509v3CertificateBuilder builder =
        new JcaX509v3CertificateBuilder(
            new X500Principal("CN=" + name),
            new BigInteger(64, new SecureRandom()),
            Date.from(now.minus(Duration.ofHours(1))),
            Date.from(now.plus(Duration.ofDays(1))),
            subject,
            subjectKeys.getPublic());
    try {
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(authority));
      if (!authority) {
        builder.addExtension(
            Extension.subjectAlternativeName,
            false,
            new GeneralNames(
                new GeneralName[] {
                  new GeneralName(GeneralName.dNSName, "localhost"),
                  new GeneralName(GeneralName.iPAddress, "127.0.0.1")
                }));
      }
      return new JcaX509CertificateConverter()
          .getCertificate(
              builder.build(
                  new JcaContentSignerBuilder("SHA256withECDSA").build(keys.getPrivate())));
    } catch (CertIOException | OperatorCreationException | GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String pem(Object what) throws IOException {
    StringWriter text = new StringWriter();
    try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
      writer.writeObject(what);
    }
    return text.toString();
  }
}
