package dev.unmask.gateway.flow.files;

import dev.unmask.gateway.flow.Gate;
import dev.unmask.gateway.flow.Page;
import dev.unmask.gateway.flow.Paging;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.store.ArtifactStore;
import dev.unmask.store.StoreException;
import dev.unmask.store.StoredFile;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.File;
import dev.unmask.v1.FileInfo;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import org.jboss.logging.Logger;

/**
 * The files that people upload and what jobs wrote about them. Thread-safe; every method may block
 * on the store. A file of another tenant is not there. All of them throw {@link RefusedException}:
 * NOT_FOUND for a file that is not there, INVALID_ARGUMENT with the field, INTERNAL when the store
 * fails.
 */
public final class FileShelf {

  private static final Logger LOG = Logger.getLogger(FileShelf.class);
  private static final Set<String> PURPOSES = Set.of("fine-tune", "batch");
  private static final int LONGEST_NAME = 255;

  private final Gate gate;
  private final ArtifactStore store;
  private final long limit;

  /**
   * @param limit bytes of one file
   */
  public FileShelf(Gate gate, ArtifactStore store, long limit) {
    this.gate = gate;
    this.store = store;
    this.limit = limit;
  }

  /** Bytes that one file may have. */
  public long limit() {
    return limit;
  }

  /**
   * Whether a file that is described so may be uploaded now. Does not block.
   *
   * @param at what stands before the fields' names, e.g. {@code info.}
   */
  public void admit(FileInfo info, String at) throws RefusedException {
    gate.enter();
    if (info.getFilename().isBlank() || info.getFilename().length() > LONGEST_NAME) {
      throw invalid(at + "filename", at + "filename must hold 1 to 255 characters.");
    }
    if (!PURPOSES.contains(info.getPurpose())) {
      throw invalid(at + "purpose", at + "purpose must be \"fine-tune\" or \"batch\".");
    }
  }

  /**
   * Keeps all of {@code content} under its digest.
   *
   * @param tenant whose it is
   * @param field what a refusal of the content names
   */
  public File put(String tenant, FileInfo info, InputStream content, String field)
      throws RefusedException {
    return put(tenant, info, content, field, limit);
  }

  /** Keeps what the cluster itself has written, however long it is. */
  public File keep(String tenant, FileInfo info, InputStream content) throws RefusedException {
    return put(tenant, info, content, "file", Long.MAX_VALUE);
  }

  private File put(String tenant, FileInfo info, InputStream content, String field, long most)
      throws RefusedException {
    try {
      StoredFile stored =
          store.putFile(content, info.getFilename(), info.getPurpose(), tenant, most);
      LOG.infof(
          "event=file.stored file_id=%s bytes=%d digest=%s",
          stored.id(), stored.bytes(), stored.digest());
      return file(stored);
    } catch (StoreException e) {
      throw switch (e.reason()) {
        case TOO_LARGE ->
            invalid(field, "The file is larger than " + most + " bytes, the most allowed.");
        case INVALID -> invalid(field, String.valueOf(e.getMessage()));
        case NOT_FOUND, CORRUPT, STORAGE -> failed(e);
      };
    }
  }

  /**
   * At most {@code asked} files, newest first.
   *
   * @param tenant only its own
   * @param purpose only those; empty for all
   * @param after the id before the first; empty for the newest
   * @param asked 0 for the usual number
   */
  public Page<File> list(String tenant, String purpose, String after, int asked)
      throws RefusedException {
    gate.look();
    int most = Paging.limit(asked, 20, 100);
    try {
      List<StoredFile> all =
          store.files().stream()
              .filter(f -> f.tenant().equals(tenant))
              .filter(f -> purpose.isEmpty() || f.purpose().equals(purpose))
              .sorted(
                  Comparator.comparingLong(StoredFile::createdAt)
                      .reversed()
                      .thenComparing(StoredFile::id))
              .toList();
      int from = after.isEmpty() ? 0 : all.indexOf(find(tenant, "after", after)) + 1;
      int to = Math.min(all.size(), from + most);
      return new Page<>(
          all.subList(from, to).stream().map(FileShelf::file).toList(), to < all.size());
    } catch (StoreException e) {
      throw failed(e);
    }
  }

  public File get(String tenant, String id) throws RefusedException {
    gate.look();
    return file(require(tenant, "id", id));
  }

  /** Forgets the file; false when somebody else was faster. */
  public boolean delete(String tenant, String id) throws RefusedException {
    gate.enter();
    StoredFile file = require(tenant, "id", id);
    try {
      return store.forgetFile(file.id());
    } catch (StoreException e) {
      throw failed(e);
    }
  }

  /** The content, checked before the first byte. */
  public InputStream open(String tenant, String id) throws RefusedException {
    gate.look();
    StoredFile file = require(tenant, "id", id);
    try {
      return store.openFile(file.id());
    } catch (StoreException e) {
      throw failed(e);
    }
  }

  /** The content as a local file to read, checked against its digest. */
  public Path local(String tenant, String id) throws RefusedException {
    gate.look();
    StoredFile file = require(tenant, "id", id);
    try {
      return store.localBlob(file.digest());
    } catch (StoreException e) {
      throw failed(e);
    }
  }

  /** Refuses with NOT_FOUND on {@code field} when the tenant has no such file. */
  public StoredFile require(String tenant, String field, String id) throws RefusedException {
    try {
      return find(tenant, field, id);
    } catch (StoreException e) {
      throw failed(e);
    }
  }

  private StoredFile find(String tenant, String field, String id)
      throws RefusedException, StoreException {
    return store
        .file(id)
        .filter(file -> file.tenant().equals(tenant))
        .orElseThrow(() ->
            new RefusedException(
                new Refusal(
                    ErrorCode.ERROR_CODE_NOT_FOUND,
                    "There is no uploaded file \"" + id + "\"; upload it first.",
                    field,
                    null)));
  }

  private static RefusedException failed(StoreException e) {
    return new RefusedException(
        Refusal.of(ErrorCode.ERROR_CODE_INTERNAL, "The store failed: " + e.getMessage()));
  }

  private static RefusedException invalid(String field, String message) {
    return new RefusedException(Refusal.invalid(field, message));
  }

  private static File file(StoredFile stored) {
    return File.newBuilder()
        .setId(stored.id())
        .setFilename(stored.filename())
        .setPurpose(stored.purpose())
        .setBytes(stored.bytes())
        .setCreatedAt(stored.createdAt())
        .setDigest(stored.digest().toString())
        .build();
  }
}
