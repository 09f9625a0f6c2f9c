package dev.unmask.gateway.api;

import dev.unmask.gateway.config.GatewayConfig;
import dev.unmask.gateway.flow.Gate;
import dev.unmask.store.ArtifactStore;
import dev.unmask.v1.File;
import dev.unmask.v1.FilesGrpc;
import dev.unmask.v1.UploadRequest;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.quarkus.grpc.GrpcService;
import io.vertx.core.Vertx;

/** Takes datasets. */
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
}
