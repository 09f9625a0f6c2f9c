package dev.unmask.store.access;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The door of a port that has health and metrics only, such as a sampler's: health is everybody's,
 * all else is for keys with the role {@code metrics} or {@code admin}, whether it exists or not.
 * Any thread; looks at memory only.
 */
public final class MetricsDoor implements AutoCloseable {

  private static final String HEALTH = "/q/health";
  private static final String SCHEME = "bearer ";
  private static final List<String> ROLES = List.of("metrics", "admin");

  /**
   * Why somebody may not come in.
   *
   * @param status of HTTP
   * @param sentence what the caller is told
   */
  public record Refused(int status, String sentence) {

    /** Of the answer, whose body is the sentence. */
    public Map<String, String> headers() {
      Map<String, String> headers = new LinkedHashMap<>();
      if (status == 401) {
        headers.put("www-authenticate", "Bearer realm=\"unmask\"");
      }
      headers.put("content-type", "text/plain; charset=utf-8");
      headers.put("x-content-type-options", "nosniff");
      headers.put("cache-control", "no-store");
      return headers;
    }
  }

  private final Supplier<ApiKeys> keys;
  private final AutoCloseable watched;
  private final Clock clock;

  MetricsDoor(Supplier<ApiKeys> keys, AutoCloseable watched, Clock clock) {
    this.keys = keys;
    this.watched = watched;
    this.clock = clock;
  }

  /**
   * A door for the keys of a file, which is read again when it changes.
   *
   * @throws IOException with a sentence when it cannot be read
   */
  public static MetricsDoor of(Path file) throws IOException {
    WatchedFile<ApiKeys> keys = new WatchedFile<>("api-keys", file, ApiKeyFile::read);
    return new MetricsDoor(keys, keys, Clock.systemUTC());
  }

  /**
   * Whether a request may come in; empty when it may.
   *
   * @param path normalised, as it is routed
   * @param authorization the header; null when there is none
   */
  public Optional<Refused> refuse(String path, @Nullable String authorization) {
    if (path.equals(HEALTH) || path.startsWith(HEALTH + "/")) {
      return Optional.empty();
    }
    if (authorization == null || authorization.isBlank()) {
      return unknown("This port wants a key: send it as `Authorization: Bearer KEY`.");
    }
    if (!authorization.toLowerCase(Locale.ROOT).startsWith(SCHEME)) {
      return unknown("The Authorization must be `Bearer` and a key.");
    }
    Optional<ApiKey> key = keys.get().find(authorization.substring(SCHEME.length()).strip());
    if (key.isEmpty()) {
      return unknown("The key is not known here; it may have been revoked.");
    }
    if (key.get().expired(clock.instant())) {
      return unknown("The key has expired; ask for a new one.");
    }
    return key.get().roles().stream().anyMatch(ROLES::contains)
        ? Optional.empty()
        : Optional.of(
            new Refused(
                403,
                "This is for whoever has the role metrics or admin, and the key that came with the"
                    + " request is not one's."));
  }

  private static Optional<Refused> unknown(String sentence) {
    return Optional.of(new Refused(401, sentence));
  }

  @Override
  public void close() throws Exception {
    watched.close();
  }
}
