package dev.unmask.gateway.api.http;

import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.v1.ErrorCode;
import io.vertx.core.buffer.Buffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Answers of this gateway by the caller's {@code Idempotency-Key}: a request that is sent twice is
 * done once, and both get the same answer. Only answers that succeeded are kept, for a day, as far
 * as the memory for them goes; a request that failed may be tried again under its key. Any thread.
 */
final class Idempotency {

  private static final Duration KEPT = Duration.ofHours(24);
  private static final int MOST_ENTRIES = 4096;
  private static final int LONGEST_KEY = 255;

  /** An answer under its key; empty while the request is under way. */
  @SuppressWarnings("ArrayRecordComponent") // A hash, never changed.
  private record Entry(byte[] asked, long atMs, CompletableFuture<Buffer> answer) {

    int size() {
      Buffer now = answer.isDone() && !answer.isCompletedExceptionally() ? answer.join() : null;
      return now == null ? 0 : now.length();
    }
  }

  private final Clock clock;
  private final long mostBytes;
  private final Map<String, Entry> entries = new LinkedHashMap<>();
  private long bytes;

  /**
   * @param mostBytes of answers that are kept
   */
  Idempotency(Clock clock, long mostBytes) {
    this.clock = clock;
    this.mostBytes = mostBytes;
  }

  /**
   * What another request with this key got or will get; null when this one is the first, which must
   * then call {@link #end}.
   *
   * @throws RefusedException ALREADY_EXISTS when the other one asked something else
   */
  synchronized @Nullable CompletableFuture<Buffer> begin(String path, String key, byte[] body)
      throws RefusedException {
    if (key.isBlank() || key.length() > LONGEST_KEY) {
      throw new RefusedException(
          Refusal.invalid(
              "Idempotency-Key", "The header Idempotency-Key must hold 1 to 255 characters."));
    }
    forgetOld();
    byte[] asked = hash(body);
    String name = path + " " + key;
    Entry known = entries.get(name);
    if (known == null) {
      entries.put(name, new Entry(asked, clock.millis(), new CompletableFuture<>()));
      return null;
    }
    if (!Arrays.equals(known.asked(), asked)) {
      throw new RefusedException(
          new Refusal(
              ErrorCode.ERROR_CODE_ALREADY_EXISTS,
              "The Idempotency-Key \""
                  + key
                  + "\" was used for another request; take a new key for a new request.",
              "Idempotency-Key",
              null));
    }
    return known.answer();
  }

  /**
   * The first request with a key has its answer.
   *
   * @param answer null when it failed, and nothing is kept
   */
  void end(String path, String key, @Nullable Buffer answer) {
    Entry entry;
    synchronized (this) {
      entry = entries.get(path + " " + key);
      if (entry == null || entry.answer().isDone()) {
        return;
      }
      if (answer == null) {
        entries.remove(path + " " + key);
      } else {
        bytes += answer.length();
      }
    }
    if (answer == null) {
      entry
          .answer()
          .completeExceptionally(
              new RefusedException(
                  Refusal.of(
                      ErrorCode.ERROR_CODE_ABORTED,
                      "The first request with this Idempotency-Key failed; ask again.")));
    } else {
      entry.answer().complete(answer);
    }
  }

  private void forgetOld() {
    long oldest = clock.millis() - KEPT.toMillis();
    Iterator<Entry> all = entries.values().iterator();
    while (all.hasNext()) {
      Entry entry = all.next();
      if (!entry.answer().isDone()) {
        continue;
      }
      if (entry.atMs() >= oldest && bytes <= mostBytes && entries.size() < MOST_ENTRIES) {
        return;
      }
      bytes -= entry.size();
      all.remove();
    }
  }

  private static byte[] hash(byte[] body) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(body);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
