package dev.unmask.gateway.api.grpc;

import dev.unmask.gateway.flow.Gate;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.admission.UnknownFields;
import dev.unmask.gateway.flow.cluster.ClusterView;
import dev.unmask.v1.ListModelsRequest;
import dev.unmask.v1.ListModelsResponse;
import dev.unmask.v1.ModelsGrpc;
import io.grpc.stub.StreamObserver;
import io.quarkus.grpc.GrpcService;

/** What is published, where it points and who serves it. */
@GrpcService
public class ModelsService extends ModelsGrpc.ModelsImplBase {

  private final Gate gate;
  private final ClusterView cluster;

  public ModelsService(Gate gate, ClusterView cluster) {
    this.gate = gate;
    this.cluster = cluster;
  }

  @Override
  public void list(ListModelsRequest request, StreamObserver<ListModelsResponse> responses) {
    try {
      UnknownFields.refuse(request);
      gate.enter();
      responses.onNext(
          ListModelsResponse.newBuilder()
              .addAllModels(cluster.versions(request.getName()))
              .build());
      responses.onCompleted();
    } catch (RefusedException e) {
      responses.onError(StatusMapping.exception(e.refusal()));
    }
  }
}
