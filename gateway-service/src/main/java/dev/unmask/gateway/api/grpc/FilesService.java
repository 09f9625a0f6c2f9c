package dev.unmask.gateway.api.grpc;

import dev.unmask.gateway.api.VertxCallContext;
import dev.unmask.gateway.flow.Page;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.admission.UnknownFields;
import dev.unmask.gateway.flow.files.FileShelf;
import dev.unmask.v1.DeleteFileRequest;
import dev.unmask.v1.DeleteFileResponse;
import dev.unmask.v1.DownloadFileRequest;
import dev.unmask.v1.File;
import dev.unmask.v1.FileChunk;
import dev.unmask.v1.FilesGrpc;
import dev.unmask.v1.GetFileRequest;
import dev.unmask.v1.ListFilesRequest;
import dev.unmask.v1.ListFilesResponse;
import dev.unmask.v1.UploadRequest;
import io.grpc.BindableService;
import io.grpc.ServerServiceDefinition;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.quarkus.grpc.GrpcService;
import io.vertx.core.Vertx;

/** Datasets that people upload, and what jobs wrote about them. */
@GrpcService
public class FilesService implements FilesGrpc.AsyncService, BindableService {

  private final FileShelf shelf;
  private final Vertx vertx;

  public FilesService(FileShelf shelf, Vertx vertx) {
    this.shelf = shelf;
    this.vertx = vertx;
  }

  @Override
  public ServerServiceDefinition bindService() {
    return CheckedFrames.of(FilesGrpc.bindService(this));
  }

  @Override
  public StreamObserver<UploadRequest> upload(StreamObserver<File> responses) {
    return new Upload(
        shelf,
        CallerContext.origin().tenant(),
        VertxCallContext.current(vertx),
        (ServerCallStreamObserver<File>) responses);
  }

  @Override
  public void list(ListFilesRequest request, StreamObserver<ListFilesResponse> responses) {
    String tenant = CallerContext.origin().tenant();
    StoreWork.answer(
        vertx,
        request,
        responses,
        () -> {
          Page<File> page =
              shelf.list(tenant, request.getPurpose(), request.getAfter(), request.getLimit());
          return ListFilesResponse.newBuilder()
              .addAllFiles(page.items())
              .setHasMore(page.more())
              .build();
        });
  }

  @Override
  public void get(GetFileRequest request, StreamObserver<File> responses) {
    String tenant = CallerContext.origin().tenant();
    StoreWork.answer(vertx, request, responses, () -> shelf.get(tenant, request.getId()));
  }

  @Override
  public void delete(DeleteFileRequest request, StreamObserver<DeleteFileResponse> responses) {
    String tenant = CallerContext.origin().tenant();
    StoreWork.answer(
        vertx,
        request,
        responses,
        () ->
            DeleteFileResponse.newBuilder()
                .setId(request.getId())
                .setDeleted(shelf.delete(tenant, request.getId()))
                .build());
  }

  @Override
  public void download(DownloadFileRequest request, StreamObserver<FileChunk> responses) {
    var observer = (ServerCallStreamObserver<FileChunk>) responses;
    String tenant = CallerContext.origin().tenant();
    Download download = new Download(VertxCallContext.current(vertx), observer);
    Thread.ofVirtual()
        .name("download")
        .start(() -> {
          try {
            UnknownFields.refuse(request);
            download.send(shelf.open(tenant, request.getId()));
          } catch (RefusedException e) {
            download.fail(e.refusal());
          }
        });
  }
}
