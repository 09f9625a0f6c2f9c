package dev.unmask.store;

import java.util.regex.Pattern;

/**
 * One file of a checkpoint.
 *
 * @param path where it lies in the Hugging Face folder: relative, with {@code /}, never upwards
 * @param role what it is for
 * @param size in bytes
 * @param sha256 of the content, 64 hexadecimal digits
 * @param mediaType for whoever serves it over HTTP
 */
public record ManifestFile(String path, Role role, long size, String sha256, String mediaType) {

  /** What a file of a checkpoint is for. */
  public enum Role {
    WEIGHTS,
    INDEX,
    CONFIG,
    TOKENIZER,
    CHAT_TEMPLATE,
    ADAPTER_CONFIG,
    CARD,
    LICENCE
  }

  // A name never starts with a dot, so neither "." nor ".." nor a hidden file is one.
  private static final Pattern PATH =
      Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*");

  /**
   * @throws IllegalArgumentException with a sentence when the path could leave its folder, the
   *     digest is none, or the size is negative
   */
  public ManifestFile {
    requirePlainPath(path);
    Digest ignored = new Digest(sha256);
    if (size < 0) {
      throw new IllegalArgumentException("file '" + path + "' has the size " + size);
    }
  }

  public Digest digest() {
    return new Digest(sha256);
  }

  static void requirePlainPath(String path) {
    if (!PATH.matcher(path).matches()) {
      throw new IllegalArgumentException(
          "file path '"
              + path
              + "' is not allowed: it has to be relative, of letters, digits and . _ -, without a"
              + " name that starts with a dot");
    }
  }
}
