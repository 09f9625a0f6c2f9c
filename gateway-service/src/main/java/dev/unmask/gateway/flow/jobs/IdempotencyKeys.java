package dev.unmask.gateway.flow.jobs;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.EventDetail;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * What follows from a caller's key: the job's id, its seed, and whether the request is the same.
 */
public final class IdempotencyKeys {

  private static final int LONGEST = 255;

  /** What the field or header is called in refusals. */
  private static final String NAME = "idempotency-key";

  private IdempotencyKeys() {}

  /** Refuses what is no key with INVALID_ARGUMENT. */
  public static void check(String key) throws RefusedException {
    boolean printable = key.chars().allMatch(c -> c > 0x20 && c < 0x7f);
    if (key.isEmpty() || key.length() > LONGEST || !printable) {
      throw new RefusedException(
          Refusal.invalid(
              NAME, "The idempotency-key must hold 1 to 255 printable characters without spaces."));
    }
  }

  /** The job of the {@code n}th try under a key. */
  static String jobId(String tenant, String key, int n) {
    byte[] hash = sha256().digest((tenant + "\0" + key).getBytes(StandardCharsets.UTF_8));
    return "job-" + HexFormat.of().formatHex(hash, 0, 20) + "-" + n;
  }

  /** The id of what is created under a key, in the place of a random one. */
  public static String id(String prefix, String tenant, String key) {
    byte[] hash =
        sha256().digest((prefix + "\0" + tenant + "\0" + key).getBytes(StandardCharsets.UTF_8));
    return prefix + HexFormat.of().formatHex(hash, 0, 8);
  }

  /** Tells one thing that is to be created from another. */
  public static ByteString fingerprint(Message asked) {
    return fingerprint(asked, EventDetail.EVENT_DETAIL_UNSPECIFIED);
  }

  /** A seed for a request without one, which is the same wherever the request is made. */
  public static long seed(String id) {
    byte[] hash = sha256().digest(id.getBytes(StandardCharsets.UTF_8));
    return ByteBuffer.wrap(hash).getLong() >>> 1;
  }

  /** Tells one request from another. */
  public static ByteString fingerprint(Message asked, EventDetail detail) {
    MessageDigest hash = sha256();
    hash.update(
        (asked.getDescriptorForType().getFullName() + detail).getBytes(StandardCharsets.UTF_8));
    hash.update(asked.toByteArray());
    return ByteString.copyFrom(hash.digest());
  }

  /** The refusal of another request under a used key. */
  public static RefusedException usedOtherwise(String key) {
    return new RefusedException(
        new Refusal(
            ErrorCode.ERROR_CODE_ALREADY_EXISTS,
            "The idempotency-key \""
                + key
                + "\" was used for another request; take a new key for a new request.",
            NAME,
            null));
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
