package dev.unmask.store.access;

import dev.unmask.store.StoreException;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** All keys of a cluster, in the order in which they were made. */
public final class ApiKeys {

  /** What every key begins with, so that people and scanners of secrets know one. */
  public static final String PREFIX = "unmask-";

  /** What a key may be good for. */
  public static final Set<String> ROLES = Set.of("user", "admin", "metrics");

  /** What a tenant, or a key, may be called. */
  public static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,64}");

  private static final Pattern ID = Pattern.compile("[0-9a-f]{12}");
  private static final Pattern SALT = Pattern.compile("[0-9a-f]{32}");
  private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");
  private static final int ID_BYTES = 6;
  private static final int SALT_BYTES = 16;
  private static final int SECRET_BYTES = 32;

  private final Map<String, ApiKey> byId;

  private ApiKeys(Map<String, ApiKey> byId) {
    this.byId = byId;
  }

  /** No keys at all. */
  public static ApiKeys none() {
    return new ApiKeys(Map.of());
  }

  /**
   * These keys.
   *
   * @throws StoreException when one of them is none, or two have one id
   */
  public static ApiKeys of(Collection<ApiKey> keys) throws StoreException {
    Map<String, ApiKey> byId = new LinkedHashMap<>();
    for (ApiKey key : keys) {
      check(key);
      if (byId.put(key.id(), key) != null) {
        throw StoreException.invalid("two keys have the id " + key.id());
      }
    }
    return new ApiKeys(byId);
  }

  private static void check(ApiKey key) throws StoreException {
    if (!ID.matcher(key.id()).matches()) {
      throw StoreException.invalid("the key '" + key.name() + "' has an id that is none");
    }
    checkName("name", key.name());
    checkName("tenant", key.tenant());
    if (key.roles().isEmpty() || !ROLES.containsAll(key.roles())) {
      throw StoreException.invalid(
          "the key "
              + key.id()
              + " has the roles "
              + key.roles()
              + "; there are "
              + String.join(", ", new TreeSet<>(ROLES)));
    }
    if (!SALT.matcher(key.salt()).matches() || !HASH.matcher(key.sha256()).matches()) {
      throw StoreException.invalid("the key " + key.id() + " has no well-formed salt and sha256");
    }
  }

  private static void checkName(String what, String name) throws StoreException {
    if (!NAME.matcher(name).matches()) {
      throw StoreException.invalid(
          "the " + what + " '" + name + "' must hold 1 to 64 letters, digits, '.', '_' or '-'");
    }
  }

  /**
   * A new key and what its holder sends, which is told once and kept nowhere.
   *
   * @param secret all of what is sent
   */
  public record Made(ApiKey key, String secret) {}

  /** Makes a key; it counts when it is in the file. */
  public static Made make(
      String name, String tenant, List<String> roles, Instant now, Optional<Instant> expiresAt)
      throws StoreException {
    SecureRandom random = new SecureRandom();
    byte[] id = bytes(random, ID_BYTES);
    byte[] salt = bytes(random, SALT_BYTES);
    String secret =
        Base64.getUrlEncoder().withoutPadding().encodeToString(bytes(random, SECRET_BYTES));
    HexFormat hex = HexFormat.of();
    ApiKey key =
        new ApiKey(
            hex.formatHex(id),
            name,
            tenant,
            roles,
            now,
            expiresAt,
            hex.formatHex(salt),
            hex.formatHex(ApiKey.hash(salt, secret)));
    check(key);
    return new Made(key, PREFIX + key.id() + "-" + secret);
  }

  private static byte[] bytes(SecureRandom random, int count) {
    byte[] bytes = new byte[count];
    random.nextBytes(bytes);
    return bytes;
  }

  /** Whether a text has the form of a key, known or not. */
  public static boolean looksLikeKey(String text) {
    return text.startsWith(PREFIX);
  }

  /** The key that somebody sent, if it is one of these and the secret is right. */
  public Optional<ApiKey> find(String sent) {
    String[] parts = sent.split("-", 3);
    if (!looksLikeKey(sent) || parts.length != 3) {
      return Optional.empty();
    }
    return Optional.ofNullable(byId.get(parts[1])).filter(key -> key.opens(parts[2]));
  }

  /** All of them. */
  public List<ApiKey> all() {
    return List.copyOf(byId.values());
  }

  /** These and one more. */
  public ApiKeys with(ApiKey key) throws StoreException {
    List<ApiKey> keys = new ArrayList<>(byId.values());
    keys.add(key);
    return of(keys);
  }

  /**
   * These without one.
   *
   * @throws StoreException NOT_FOUND when it is not among them
   */
  public ApiKeys without(String id) throws StoreException {
    if (!byId.containsKey(id)) {
      throw new StoreException(
          StoreException.Reason.NOT_FOUND, "there is no key with the id '" + id + "'");
    }
    Map<String, ApiKey> rest = new LinkedHashMap<>(byId);
    rest.remove(id);
    return new ApiKeys(rest);
  }
}
