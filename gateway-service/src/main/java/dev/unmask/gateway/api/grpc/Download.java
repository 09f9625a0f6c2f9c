package dev.unmask.gateway.api.grpc;

import com.google.protobuf.ByteString;
import dev.unmask.gateway.flow.CallContext;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.FileChunk;
import io.grpc.stub.ServerCallStreamObserver;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.Semaphore;

/**
 * One download. A thread of its own reads; it waits while the caller is slower, so at most two
 * chunks are in memory.
 */
final class Download {

  private static final int CHUNK = 1 << 18;

  private final CallContext context;
  private final ServerCallStreamObserver<FileChunk> observer;
  private final Semaphore changed = new Semaphore(0);
  private volatile boolean cancelled;

  /** On the call's context, before it returns. */
  Download(CallContext context, ServerCallStreamObserver<FileChunk> observer) {
    this.context = context;
    this.observer = observer;
    observer.setOnReadyHandler(changed::release);
    observer.setOnCancelHandler(() -> {
      cancelled = true;
      changed.release();
    });
  }

  /** Sends all of {@code content} and closes it. The download's own thread. */
  void send(InputStream content) {
    try (content) {
      for (byte[] chunk = content.readNBytes(CHUNK);
          chunk.length > 0 && !cancelled;
          chunk = content.readNBytes(CHUNK)) {
        FileChunk next = FileChunk.newBuilder().setData(ByteString.copyFrom(chunk)).build();
        context.execute(() -> {
          if (!cancelled) {
            observer.onNext(next);
          }
          changed.release();
        });
        awaitReady();
      }
      context.execute(() -> {
        if (!cancelled) {
          observer.onCompleted();
        }
      });
    } catch (IOException e) {
      fail(Refusal.of(ErrorCode.ERROR_CODE_INTERNAL, "The store failed: " + e.getMessage()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void awaitReady() throws InterruptedException {
    // The first permit says that the chunk was handed over: only then does isReady count it.
    changed.acquire();
    while (!cancelled && !observer.isReady()) {
      changed.acquire();
    }
  }

  void fail(Refusal refusal) {
    context.execute(() -> {
      if (!cancelled) {
        observer.onError(StatusMapping.exception(refusal));
      }
    });
  }
}
