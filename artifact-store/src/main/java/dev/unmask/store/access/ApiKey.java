package dev.unmask.store.access;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * One key without its secret.
 *
 * @param id public, the middle part of the key that its holder sends
 * @param name what people call it
 * @param tenant whose it is
 * @param roles of {@link ApiKeys#ROLES}
 * @param expiresAt after which it counts no more, if it ends by itself
 * @param salt hexadecimal
 * @param sha256 of salt and secret, hexadecimal. The secret has 256 random bits, so there is
 *     nothing to guess and a slow hash would only cost time
 */
public record ApiKey(
    String id,
    String name,
    String tenant,
    List<String> roles,
    Instant createdAt,
    Optional<Instant> expiresAt,
    String salt,
    String sha256) {

  public ApiKey {
    roles = List.copyOf(roles);
  }

  /** Whether this is the key of a secret; takes as long for a wrong one as for a right one. */
  public boolean opens(String secret) {
    return MessageDigest.isEqual(
        HexFormat.of().parseHex(sha256), hash(HexFormat.of().parseHex(salt), secret));
  }

  /** Whether its time is over. */
  public boolean expired(Instant now) {
    return expiresAt.filter(end -> !now.isBefore(end)).isPresent();
  }

  static byte[] hash(byte[] salt, String secret) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(salt);
      return digest.digest(secret.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
