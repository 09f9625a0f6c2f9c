package dev.unmask.gateway.api;

import dev.unmask.gateway.flow.CallContext;
import dev.unmask.gateway.flow.Gate;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.admission.UnknownFields;
import dev.unmask.store.ArtifactStore;
import dev.unmask.store.StoreException;
import dev.unmask.store.StoredFile;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.File;
import dev.unmask.v1.FileInfo;
import dev.unmask.v1.UploadRequest;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.Set;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * One upload. Chunks arrive on the call's context and are written by a virtual thread of the
 * upload's own; the next chunk is asked for when the last one has been taken, so at most two wait.
 */
final class Upload implements StreamObserver<UploadRequest> {

  private static final Logger LOG = Logger.getLogger(Upload.class);
  private static final int MAX_CHUNK = 1 << 20;
  private static final Set<String> PURPOSES = Set.of("fine-tune");

  private final ArtifactStore store;
  private final long limit;
  private final CallContext context;
  private final ServerCallStreamObserver<File> observer;
  private final ChunkPipe pipe;
  private @Nullable FileInfo info;
  private boolean ended;

  Upload(
      Gate gate,
      ArtifactStore store,
      long limit,
      CallContext context,
      ServerCallStreamObserver<File> observer) {
    this.store = store;
    this.limit = limit;
    this.context = context;
    this.observer = observer;
    this.pipe = new ChunkPipe(() -> context.execute(() -> observer.request(1)));
    observer.disableAutoRequest();
    observer.setOnCancelHandler(() -> onError(new InterruptedException()));
    Refusal closed = gate.closed().orElse(null);
    if (closed != null) {
      refuse(closed);
    } else {
      observer.request(1);
    }
  }

  @Override
  public void onNext(UploadRequest request) {
    if (ended) {
      return;
    }
    try {
      UnknownFields.refuse(request);
      switch (request.getPartCase()) {
        case INFO -> begin(request.getInfo());
        case DATA -> data(request);
        case PART_NOT_SET ->
            throw invalid("part", "An upload message must hold info or data; this one is empty.");
      }
    } catch (RefusedException e) {
      refuse(e.refusal());
    }
  }

  @Override
  public void onError(Throwable cause) {
    ended = true;
    pipe.abandon();
  }

  @Override
  public void onCompleted() {
    if (ended) {
      return;
    }
    if (info == null) {
      refuse(Refusal.invalid("info", "The upload is empty: send info first, then data."));
    } else {
      pipe.end();
    }
  }

  private void begin(FileInfo said) throws RefusedException {
    if (info != null) {
      throw invalid("info", "info was sent twice; it comes once, before the data.");
    }
    if (said.getFilename().isBlank() || said.getFilename().length() > 255) {
      throw invalid("info.filename", "info.filename must hold 1 to 255 characters.");
    }
    if (!PURPOSES.contains(said.getPurpose())) {
      throw invalid("info.purpose", "info.purpose must be \"fine-tune\".");
    }
    info = said;
    Thread.ofVirtual().name("upload").start(() -> write(said));
    observer.request(1);
  }

  private void data(UploadRequest request) throws RefusedException {
    if (info == null) {
      throw invalid("info", "Data came before info; send info first.");
    }
    if (request.getData().size() > MAX_CHUNK) {
      throw invalid(
          "data",
          "A chunk has " + request.getData().size() + " bytes; it may have at most 1048576.");
    }
    pipe.put(request.getData());
  }

  /** The upload's own thread. */
  private void write(FileInfo said) {
    try {
      StoredFile stored = store.putFile(pipe, said.getFilename(), said.getPurpose(), limit);
      context.execute(() -> answer(stored));
    } catch (StoreException e) {
      if (!pipe.abandoned()) {
        context.execute(() -> refuse(refusal(e)));
      }
    }
  }

  private void answer(StoredFile stored) {
    if (ended) {
      return;
    }
    ended = true;
    LOG.infof(
        "event=file.stored file_id=%s bytes=%d digest=%s",
        stored.id(), stored.bytes(), stored.digest());
    observer.onNext(FilesService.file(stored));
    observer.onCompleted();
  }

  private void refuse(Refusal refusal) {
    if (ended) {
      return;
    }
    ended = true;
    pipe.abandon();
    observer.onError(StatusMapping.exception(refusal));
  }

  private Refusal refusal(StoreException e) {
    return switch (e.reason()) {
      case TOO_LARGE ->
          Refusal.invalid("data", "The file is larger than " + limit + " bytes, the most allowed.");
      case INVALID -> Refusal.invalid("data", String.valueOf(e.getMessage()));
      case NOT_FOUND, CORRUPT, STORAGE ->
          Refusal.of(ErrorCode.ERROR_CODE_INTERNAL, "The store failed: " + e.getMessage());
    };
  }

  private static RefusedException invalid(String field, String message) {
    return new RefusedException(Refusal.invalid(field, message));
  }
}
