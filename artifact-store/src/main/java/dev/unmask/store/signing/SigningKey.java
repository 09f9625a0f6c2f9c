package dev.unmask.store.signing;

import dev.unmask.store.StoreException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;

/** A private key that signs checkpoints, and what it is called. Immutable. */
public final class SigningKey {

  private static final byte[] PROOF = {1};

  private final PrivateKey key;
  private final String id;

  private SigningKey(PrivateKey key, String id) {
    this.key = key;
    this.id = id;
  }

  /**
   * Reads a private key and its public half, which lies beside it: {@code NAME.key} and {@code
   * NAME.pub}.
   *
   * @throws StoreException when one is missing, or they are no pair
   */
  public static SigningKey read(Path file) throws StoreException {
    PrivateKey key = Ed25519Keys.readPrivate(file);
    Path open = publicHalf(file);
    PublicKey half = Ed25519Keys.readPublic(open);
    SigningKey made = new SigningKey(key, Ed25519Keys.keyId(half));
    if (!TrustedKeys.verifies(half, PROOF, made.sign(PROOF))) {
      throw StoreException.invalid(open + " is not the public half of " + file);
    }
    return made;
  }

  /** Where the public half of a private key lies. */
  public static Path publicHalf(Path file) {
    String name = String.valueOf(file.getFileName());
    return file.resolveSibling(
        (name.endsWith(".key") ? name.substring(0, name.length() - 4) : name) + ".pub");
  }

  /** What the key is called: {@code sha256:…} of its public half. */
  public String id() {
    return id;
  }

  byte[] sign(byte[] content) {
    try {
      Signature signature = Signature.getInstance("Ed25519");
      signature.initSign(key);
      signature.update(content);
      return signature.sign();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("an Ed25519 key signs anything", e);
    }
  }
}
