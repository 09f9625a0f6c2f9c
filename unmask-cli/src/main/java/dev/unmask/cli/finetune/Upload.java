package dev.unmask.cli.finetune;

import com.google.protobuf.ByteString;
import dev.unmask.cli.CliException;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.v1.File;
import dev.unmask.v1.FileInfo;
import dev.unmask.v1.UploadRequest;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.function.LongConsumer;

/** Sends one file to the gateway in chunks, no faster than the gateway takes them. */
final class Upload {

  private static final int CHUNK_BYTES = 256 << 10;
  private static final String PURPOSE = "fine-tune";

  private Upload() {}

  /**
   * Sends a file and waits until the store has it.
   *
   * @param sent told how many bytes are on their way, on the calling thread
   * @throws CliException when the file cannot be read
   * @throws StatusRuntimeException when the gateway refuses it
   */
  static File send(GatewayClient client, Path file, LongConsumer sent) {
    if (!Files.isRegularFile(file)) {
      throw new CliException("there is no file " + file);
    }
    Replies replies = new Replies();
    client.files().upload(replies);
    try (InputStream in = Files.newInputStream(file)) {
      replies.send(
          UploadRequest.newBuilder()
              .setInfo(
                  FileInfo.newBuilder()
                      .setFilename(String.valueOf(file.getFileName()))
                      .setPurpose(PURPOSE))
              .build());
      byte[] chunk = new byte[CHUNK_BYTES];
      long total = 0;
      int read = in.readNBytes(chunk, 0, chunk.length);
      while (read > 0 && !replies.answer.isDone()) {
        replies.send(
            UploadRequest.newBuilder().setData(ByteString.copyFrom(chunk, 0, read)).build());
        total += read;
        sent.accept(total);
        read = in.readNBytes(chunk, 0, chunk.length);
      }
      return replies.finish();
    } catch (IOException e) {
      replies.cancel();
      throw new CliException(file + " could not be read: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      replies.cancel();
      Thread.currentThread().interrupt();
      throw new CliException("the upload was interrupted", e);
    }
  }

  /** The call's other direction; methods without {@code on} belong to the sending thread. */
  private static final class Replies implements ClientResponseObserver<UploadRequest, File> {

    private final CompletableFuture<File> answer = new CompletableFuture<>();
    private final CompletableFuture<ClientCallStreamObserver<UploadRequest>> call =
        new CompletableFuture<>();
    private final Semaphore ready = new Semaphore(0);

    @Override
    public void beforeStart(ClientCallStreamObserver<UploadRequest> stream) {
      stream.setOnReadyHandler(ready::release);
      call.complete(stream);
    }

    @Override
    public void onNext(File file) {
      answer.complete(file);
    }

    @Override
    public void onError(Throwable failure) {
      answer.completeExceptionally(failure);
      ready.release();
    }

    @Override
    public void onCompleted() {
      answer.completeExceptionally(
          new CliException("the gateway ended the upload without saying where the file is"));
      ready.release();
    }

    void send(UploadRequest part) throws InterruptedException {
      ClientCallStreamObserver<UploadRequest> stream = call.join();
      while (!stream.isReady() && !answer.isDone()) {
        ready.acquire();
      }
      if (!answer.isDone()) {
        stream.onNext(part);
      }
    }

    File finish() throws InterruptedException {
      if (!answer.isDone()) {
        call.join().onCompleted();
      }
      try {
        return answer.get();
      } catch (ExecutionException e) {
        if (e.getCause() instanceof RuntimeException refused) {
          throw refused;
        }
        throw new CliException("the upload failed: " + e.getCause(), e);
      }
    }

    void cancel() {
      call.join().cancel("the upload was given up", null);
    }
  }
}
