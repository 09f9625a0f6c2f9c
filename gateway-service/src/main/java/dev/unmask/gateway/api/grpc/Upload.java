package dev.unmask.gateway.api.grpc;

import dev.unmask.gateway.api.ChunkPipe;
import dev.unmask.gateway.flow.CallContext;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.admission.UnknownFields;
import dev.unmask.gateway.flow.files.FileShelf;
import dev.unmask.v1.File;
import dev.unmask.v1.FileInfo;
import dev.unmask.v1.UploadRequest;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import org.jspecify.annotations.Nullable;

/**
 * One upload. Chunks arrive on the call's context and are written by a virtual thread of the
 * upload's own; the next chunk is asked for when the last one has been taken, so at most two wait.
 */
final class Upload implements StreamObserver<UploadRequest> {

  private static final int MAX_CHUNK = 1 << 20;

  private final FileShelf shelf;
  private final String tenant;
  private final CallContext context;
  private final ServerCallStreamObserver<File> observer;
  private final ChunkPipe pipe;
  private @Nullable FileInfo info;
  private boolean ended;

  Upload(
      FileShelf shelf,
      String tenant,
      CallContext context,
      ServerCallStreamObserver<File> observer) {
    this.shelf = shelf;
    this.tenant = tenant;
    this.context = context;
    this.observer = observer;
    this.pipe = new ChunkPipe(() -> context.execute(() -> observer.request(1)));
    observer.disableAutoRequest();
    observer.setOnCancelHandler(() -> onError(new InterruptedException()));
    observer.request(1);
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
    shelf.admit(said, "info.");
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
      File stored = shelf.put(tenant, said, pipe, "data");
      context.execute(() -> answer(stored));
    } catch (RefusedException e) {
      if (!pipe.abandoned()) {
        context.execute(() -> refuse(e.refusal()));
      }
    }
  }

  private void answer(File stored) {
    if (ended) {
      return;
    }
    ended = true;
    observer.onNext(stored);
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

  private static RefusedException invalid(String field, String message) {
    return new RefusedException(Refusal.invalid(field, message));
  }
}
