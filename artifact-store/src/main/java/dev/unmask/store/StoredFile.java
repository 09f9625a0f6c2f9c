package dev.unmask.store;

/**
 * An uploaded file.
 *
 * @param id {@code file-<24 hex>}
 * @param filename what the uploader called it; a label, never a path
 * @param purpose for example {@code fine-tune}
 * @param bytes size of the content
 * @param createdAt Unix seconds
 * @param digest of the content, which is a blob of the store
 * @param tenant whose it is
 */
public record StoredFile(
    String id,
    String filename,
    String purpose,
    long bytes,
    long createdAt,
    Digest digest,
    String tenant) {

  /** Whose files are that do not say. */
  public static final String DEFAULT_TENANT = "default";
}
