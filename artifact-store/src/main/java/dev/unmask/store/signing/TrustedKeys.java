package dev.unmask.store.signing;

import dev.unmask.store.StoreException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.Signature;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The public keys whose signatures count. A key is replaced by trusting both for a while: one valid
 * signature of any of them is enough. Immutable.
 */
public final class TrustedKeys {

  private final Map<String, PublicKey> keys;

  private TrustedKeys(Map<String, PublicKey> keys) {
    this.keys = Map.copyOf(keys);
  }

  /** No key is configured: checkpoints need no signature. */
  public static TrustedKeys none() {
    return new TrustedKeys(Map.of());
  }

  /**
   * Reads public keys.
   *
   * @param places files, or folders of which every {@code *.pub} is read
   * @throws StoreException when a file is no key, or places are given that hold none
   */
  public static TrustedKeys read(List<Path> places) throws StoreException {
    Map<String, PublicKey> keys = new LinkedHashMap<>();
    for (Path place : places) {
      for (Path file : files(place)) {
        PublicKey key = Ed25519Keys.readPublic(file);
        keys.put(Ed25519Keys.keyId(key), key);
      }
    }
    return new TrustedKeys(keys);
  }

  private static List<Path> files(Path place) throws StoreException {
    if (!Files.isDirectory(place)) {
      return List.of(place);
    }
    try (Stream<Path> found = Files.list(place)) {
      List<Path> files = found.filter(p -> p.toString().endsWith(".pub")).sorted().toList();
      if (files.isEmpty()) {
        throw StoreException.invalid("the folder " + place + " holds no public key (*.pub)");
      }
      return files;
    } catch (StoreException e) {
      throw e;
    } catch (IOException e) {
      throw StoreException.storage("the folder " + place + " could not be read", e);
    }
  }

  /** Whether signatures are asked for at all. */
  public boolean areRequired() {
    return !keys.isEmpty();
  }

  /** Whether a key of that name is among them and has signed these bytes. */
  boolean accept(String keyId, byte[] content, byte[] signature) {
    PublicKey key = keys.get(keyId);
    return key != null && verifies(key, content, signature);
  }

  boolean has(String keyId) {
    return keys.containsKey(keyId);
  }

  /** The names of all. */
  public List<String> ids() {
    return keys.keySet().stream().sorted().toList();
  }

  static boolean verifies(PublicKey key, byte[] content, byte[] signature) {
    try {
      Signature check = Signature.getInstance("Ed25519");
      check.initVerify(key);
      check.update(content);
      return check.verify(signature);
    } catch (GeneralSecurityException e) {
      return false; // not even the form of a signature
    }
  }
}
