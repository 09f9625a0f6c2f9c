package dev.unmask.store.signing;

import dev.unmask.store.Digest;
import dev.unmask.store.StoreException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.spec.EncodedKeySpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.Locale;

/** Ed25519 keys in PEM files, as OpenSSL reads and writes them (PKCS #8 and X.509). */
public final class Ed25519Keys {

  private static final String ALGORITHM = "Ed25519";
  private static final String PRIVATE = "PRIVATE KEY";
  private static final String PUBLIC = "PUBLIC KEY";

  private Ed25519Keys() {}

  /** The names of a new pair's files. */
  public record Pair(Path privateKey, Path publicKey, String keyId) {}

  /**
   * Makes a pair: {@code NAME.key}, which only its owner may read, and {@code NAME.pub}.
   *
   * @throws StoreException when one of the files is there already
   */
  public static Pair generate(Path folder, String name) throws StoreException {
    Path secret = folder.resolve(name + ".key");
    Path open = folder.resolve(name + ".pub");
    for (Path file : new Path[] {secret, open}) {
      if (Files.exists(file)) {
        throw StoreException.invalid(file + " is there already; a key is never overwritten");
      }
    }
    try {
      KeyPair pair = KeyPairGenerator.getInstance(ALGORITHM).generateKeyPair();
      Files.createDirectories(folder);
      createPrivate(secret);
      Files.writeString(secret, pem(PRIVATE, pair.getPrivate().getEncoded()));
      Files.writeString(
          open, pem(PUBLIC, pair.getPublic().getEncoded()), StandardOpenOption.CREATE_NEW);
      return new Pair(secret, open, keyId(pair.getPublic()));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has " + ALGORITHM, e);
    } catch (IOException e) {
      throw StoreException.storage("the keys could not be written to " + folder, e);
    }
  }

  private static void createPrivate(Path file) throws IOException {
    if (file.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    } else {
      Files.createFile(file);
    }
  }

  /** What a key is called in signatures: the sha256 of its X.509 form. */
  public static String keyId(PublicKey key) {
    return Digest.of(key.getEncoded()).toString();
  }

  static PublicKey readPublic(Path file) throws StoreException {
    return read(file, PUBLIC, KeyFactory::generatePublic, X509EncodedKeySpec::new);
  }

  static PrivateKey readPrivate(Path file) throws StoreException {
    return read(file, PRIVATE, KeyFactory::generatePrivate, PKCS8EncodedKeySpec::new);
  }

  private interface Maker<K> {
    K make(KeyFactory factory, EncodedKeySpec spec) throws GeneralSecurityException;
  }

  private interface Form {
    EncodedKeySpec of(byte[] encoded);
  }

  private static <K> K read(Path file, String kind, Maker<K> maker, Form form)
      throws StoreException {
    String begin = "-----BEGIN " + kind + "-----";
    String end = "-----END " + kind + "-----";
    try {
      String text = Files.readString(file, StandardCharsets.US_ASCII).strip();
      int from = text.indexOf(begin);
      int to = text.indexOf(end);
      if (from < 0 || to < from) {
        throw StoreException.invalid(
            file + " holds no Ed25519 " + kind.toLowerCase(Locale.ROOT) + ": there is no " + begin);
      }
      byte[] encoded = Base64.getMimeDecoder().decode(text.substring(from + begin.length(), to));
      return maker.make(KeyFactory.getInstance(ALGORITHM), form.of(encoded));
    } catch (StoreException e) {
      throw e;
    } catch (IOException e) {
      throw StoreException.storage("the key " + file + " could not be read", e);
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw new StoreException(
          StoreException.Reason.INVALID, file + " holds no Ed25519 key: " + e.getMessage(), e);
    }
  }

  private static String pem(String kind, byte[] encoded) {
    return "-----BEGIN "
        + kind
        + "-----\n"
        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(encoded)
        + "\n-----END "
        + kind
        + "-----\n";
  }
}
