package dev.unmask.gateway.api;

import com.google.protobuf.Message;
import dev.unmask.gateway.config.GatewayConfig;
import dev.unmask.gateway.flow.CallContext;
import dev.unmask.gateway.flow.Gate;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.admission.UnknownFields;
import dev.unmask.store.ArtifactStore;
import dev.unmask.store.StoreException;
import dev.unmask.store.StoredFile;
import dev.unmask.v1.DeleteFileRequest;
import dev.unmask.v1.DeleteFileResponse;
import dev.unmask.v1.DownloadFileRequest;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.File;
import dev.unmask.v1.FileChunk;
import dev.unmask.v1.FilesGrpc;
import dev.unmask.v1.GetFileRequest;
import dev.unmask.v1.ListFilesRequest;
import dev.unmask.v1.ListFilesResponse;
import dev.unmask.v1.UploadRequest;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.quarkus.grpc.GrpcService;
import io.vertx.core.Vertx;
import java.util.Comparator;
import java.util.List;

/** Datasets that people upload, and what jobs wrote about them. */
@GrpcService
public class FilesService extends FilesGrpc.FilesImplBase {

  private final Gate gate;
  private final ArtifactStore store;
  private final long limit;
  private final Vertx vertx;

  public FilesService(Gate gate, ArtifactStore store, GatewayConfig config, Vertx vertx) {
    this.gate = gate;
    this.store = store;
    this.limit = config.maxUpload().asLongValue();
    this.vertx = vertx;
  }

  @Override
  public StreamObserver<UploadRequest> upload(StreamObserver<File> responses) {
    return new Upload(
        gate,
        store,
        limit,
        VertxCallContext.current(vertx),
        (ServerCallStreamObserver<File>) responses);
  }

  @Override
  public void list(ListFilesRequest request, StreamObserver<ListFilesResponse> responses) {
    off(request, responses, () -> page(request));
  }

  @Override
  public void get(GetFileRequest request, StreamObserver<File> responses) {
    off(request, responses, () -> file(find("id", request.getId())));
  }

  @Override
  public void delete(DeleteFileRequest request, StreamObserver<DeleteFileResponse> responses) {
    off(
        request,
        responses,
        () -> {
          StoredFile file = find("id", request.getId());
          return DeleteFileResponse.newBuilder()
              .setId(file.id())
              .setDeleted(store.forgetFile(file.id()))
              .build();
        });
  }

  @Override
  public void download(DownloadFileRequest request, StreamObserver<FileChunk> responses) {
    var observer = (ServerCallStreamObserver<FileChunk>) responses;
    Download download = new Download(VertxCallContext.current(vertx), observer);
    Thread.ofVirtual()
        .name("download")
        .start(() -> {
          try {
            UnknownFields.refuse(request);
            download.send(store.openFile(find("id", request.getId()).id()));
          } catch (RefusedException e) {
            download.fail(e.refusal());
          } catch (StoreException e) {
            download.fail(failed(e));
          }
        });
  }

  /** Something that the store has to be asked for. */
  @FunctionalInterface
  private interface Answer<T> {
    T get() throws RefusedException, StoreException;
  }

  /** Answers from a thread of its own: a store may be slow. */
  private <T> void off(Message request, StreamObserver<T> responses, Answer<T> answer) {
    var observer = (ServerCallStreamObserver<T>) responses;
    observer.setOnCancelHandler(() -> {});
    CallContext context = VertxCallContext.current(vertx);
    Thread.ofVirtual()
        .name("files")
        .start(() -> {
          try {
            UnknownFields.refuse(request);
            T found = answer.get();
            context.execute(() -> {
              observer.onNext(found);
              observer.onCompleted();
            });
          } catch (RefusedException e) {
            context.execute(() -> observer.onError(StatusMapping.exception(e.refusal())));
          } catch (StoreException e) {
            context.execute(() -> observer.onError(StatusMapping.exception(failed(e))));
          }
        });
  }

  private ListFilesResponse page(ListFilesRequest request) throws RefusedException, StoreException {
    int limit = Paging.limit(request.getLimit(), 20, 100);
    List<StoredFile> all =
        store.files().stream()
            .filter(f -> request.getPurpose().isEmpty() || f.purpose().equals(request.getPurpose()))
            .sorted(
                Comparator.comparingLong(StoredFile::createdAt)
                    .reversed()
                    .thenComparing(StoredFile::id))
            .toList();
    int from = 0;
    if (!request.getAfter().isEmpty()) {
      from = all.indexOf(find("after", request.getAfter())) + 1;
    }
    int to = Math.min(all.size(), from + limit);
    return ListFilesResponse.newBuilder()
        .addAllFiles(all.subList(from, to).stream().map(FilesService::file).toList())
        .setHasMore(to < all.size())
        .build();
  }

  private StoredFile find(String field, String id) throws RefusedException, StoreException {
    return store
        .file(id)
        .orElseThrow(() ->
            new RefusedException(
                new Refusal(
                    ErrorCode.ERROR_CODE_NOT_FOUND,
                    "There is no uploaded file \"" + id + "\".",
                    field,
                    null)));
  }

  private static Refusal failed(StoreException e) {
    return Refusal.of(ErrorCode.ERROR_CODE_INTERNAL, "The store failed: " + e.getMessage());
  }

  static File file(StoredFile stored) {
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
