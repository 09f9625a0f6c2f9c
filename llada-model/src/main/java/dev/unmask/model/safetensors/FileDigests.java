package dev.unmask.model.safetensors;

import dev.unmask.model.InvalidModelException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the files of a model folder should contain, by name: the sha256 of each as 64 hexadecimal
 * digits, for example from a manifest. Digests are taken from the very bytes that are used, while
 * they are read or mapped, never from a second look at a path.
 *
 * @param sha256 file name (without folder) to digest; when it is empty nothing is checked,
 *     otherwise every file with weights must be in it
 */
public record FileDigests(Map<String, String> sha256) {

  /** Nothing is known, so nothing is checked. */
  public static final FileDigests NONE = new FileDigests(Map.of());

  public FileDigests {
    sha256 = Map.copyOf(sha256);
    sha256.forEach((name, digest) -> {
      if (!digest.matches("[0-9a-f]{64}")) {
        throw new IllegalArgumentException(
            "the digest of " + name + " is " + digest + "; it must be 64 digits 0-9a-f");
      }
    });
  }

  /** Begins to check one file. */
  Check begin(Path file) throws InvalidModelException {
    if (sha256.isEmpty()) {
      return new Check(file, null);
    }
    String expected = sha256.get(String.valueOf(file.getFileName()));
    if (expected == null) {
      throw new InvalidModelException(file + " is used, but no digest of it is known");
    }
    return new Check(file, expected);
  }

  /** A digest under way; fed with the whole file in order. */
  static final class Check {
    private final Path file;
    private final @Nullable String expected;
    private final @Nullable MessageDigest digest;

    private Check(Path file, @Nullable String expected) {
      this.file = file;
      this.expected = expected;
      this.digest = expected == null ? null : sha256();
    }

    boolean wanted() {
      return digest != null;
    }

    /** Takes the bytes from position to limit; the buffer is not moved. */
    void update(ByteBuffer bytes) {
      if (digest != null) {
        digest.update(bytes.duplicate());
      }
    }

    /** Compares, once all bytes were given. */
    void finish() throws InvalidModelException {
      if (digest == null || expected == null) {
        return;
      }
      String actual = HexFormat.of().formatHex(digest.digest());
      if (!actual.equals(expected)) {
        throw new InvalidModelException(
            file + " has the sha256 " + actual + " instead of " + expected + "; it is damaged");
      }
    }

    private static MessageDigest sha256() {
      try {
        return MessageDigest.getInstance("SHA-256");
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException("every Java platform has SHA-256", e);
      }
    }
  }
}
