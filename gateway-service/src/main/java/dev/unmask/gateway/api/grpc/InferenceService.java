package dev.unmask.gateway.api.grpc;

import com.google.protobuf.ByteString;
import dev.unmask.gateway.flow.Gate;
import dev.unmask.gateway.flow.Reception;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.access.Principal;
import dev.unmask.gateway.flow.admission.ModelName;
import dev.unmask.gateway.flow.admission.UnknownFields;
import dev.unmask.gateway.flow.cluster.ClusterView;
import dev.unmask.gateway.flow.cluster.ResolvedModel;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.ModelVersion;
import dev.unmask.v1.inference.GRPCInferenceServiceGrpc;
import dev.unmask.v1.inference.InferParameter;
import dev.unmask.v1.inference.InferTensorContents;
import dev.unmask.v1.inference.ModelInferRequest;
import dev.unmask.v1.inference.ModelInferResponse;
import dev.unmask.v1.inference.ModelMetadataRequest;
import dev.unmask.v1.inference.ModelMetadataResponse;
import dev.unmask.v1.inference.ModelMetadataResponse.TensorMetadata;
import dev.unmask.v1.inference.ModelReadyRequest;
import dev.unmask.v1.inference.ModelReadyResponse;
import dev.unmask.v1.inference.ServerLiveRequest;
import dev.unmask.v1.inference.ServerLiveResponse;
import dev.unmask.v1.inference.ServerMetadataRequest;
import dev.unmask.v1.inference.ServerMetadataResponse;
import dev.unmask.v1.inference.ServerReadyRequest;
import dev.unmask.v1.inference.ServerReadyResponse;
import io.grpc.BindableService;
import io.grpc.ServerServiceDefinition;
import io.grpc.stub.StreamObserver;
import io.quarkus.grpc.GrpcService;
import io.vertx.core.Vertx;

/** The Open Inference Protocol on the same reception as everything else. */
@GrpcService
public class InferenceService implements GRPCInferenceServiceGrpc.AsyncService, BindableService {

  private final Gate gate;
  private final ClusterView cluster;
  private final Reception reception;
  private final Vertx vertx;

  public InferenceService(Gate gate, ClusterView cluster, Reception reception, Vertx vertx) {
    this.gate = gate;
    this.cluster = cluster;
    this.reception = reception;
    this.vertx = vertx;
  }

  @Override
  public ServerServiceDefinition bindService() {
    return CheckedFrames.of(GRPCInferenceServiceGrpc.bindService(this));
  }

  @Override
  public void serverLive(ServerLiveRequest request, StreamObserver<ServerLiveResponse> responses) {
    Replies.now(request, responses, () -> ServerLiveResponse.newBuilder().setLive(true).build());
  }

  @Override
  public void serverReady(
      ServerReadyRequest request, StreamObserver<ServerReadyResponse> responses) {
    Replies.now(
        request,
        responses,
        () -> ServerReadyResponse.newBuilder().setReady(gate.closed().isEmpty()).build());
  }

  @Override
  public void modelReady(ModelReadyRequest request, StreamObserver<ModelReadyResponse> responses) {
    Replies.now(
        request,
        responses,
        () -> {
          ResolvedModel model =
              resolve(CallerContext.origin().who(), request.getName(), request.getVersion());
          boolean held =
              cluster.liveWorkers(model.base()).stream()
                  .anyMatch(worker -> cluster.holds(worker, model.digest()));
          return ModelReadyResponse.newBuilder().setReady(held && gate.closed().isEmpty()).build();
        });
  }

  @Override
  public void serverMetadata(
      ServerMetadataRequest request, StreamObserver<ServerMetadataResponse> responses) {
    Replies.now(
        request,
        responses,
        () -> ServerMetadataResponse.newBuilder().setName("unmask").setVersion("0.1.0").build());
  }

  @Override
  public void modelMetadata(
      ModelMetadataRequest request, StreamObserver<ModelMetadataResponse> responses) {
    Replies.now(
        request,
        responses,
        () -> {
          ResolvedModel model =
              resolve(CallerContext.origin().who(), request.getName(), request.getVersion());
          return ModelMetadataResponse.newBuilder()
              .setName(model.name())
              .addAllVersions(
                  cluster.versions(CallerContext.origin().who(), model.name()).stream()
                      .map(ModelVersion::getDigest)
                      .toList())
              .setPlatform("unmask_llada")
              .addInputs(tensor(InferMessages.INPUT))
              .addOutputs(tensor(InferMessages.OUTPUT))
              .build();
        });
  }

  private static TensorMetadata tensor(String name) {
    return TensorMetadata.newBuilder()
        .setName(name)
        .setDatatype(InferMessages.BYTES)
        .addShape(1)
        .build();
  }

  @Override
  public void modelInfer(ModelInferRequest request, StreamObserver<ModelInferResponse> responses) {
    UnaryCall.start(
        vertx,
        caller -> {
          GenerateRequest generate =
              reception.parse(() -> {
                UnknownFields.refuse(request);
                return InferMessages.generate(request);
              });
          return reception.generate(generate, caller);
        },
        responses,
        event -> response(request, event.getFinal()));
  }

  private static ModelInferResponse response(ModelInferRequest request, GenerateResponse answer) {
    ByteString text = ByteString.copyFromUtf8(answer.getText());
    boolean raw = request.getRawInputContentsCount() > 0;
    ModelInferResponse.InferOutputTensor.Builder output =
        ModelInferResponse.InferOutputTensor.newBuilder()
            .setName(InferMessages.OUTPUT)
            .setDatatype(InferMessages.BYTES)
            .addShape(1);
    ModelInferResponse.Builder response = ModelInferResponse.newBuilder();
    if (raw) {
      response.addRawOutputContents(InferMessages.behindLength(text));
    } else {
      output.setContents(InferTensorContents.newBuilder().addBytesContents(text));
    }
    return response
        .setModelName(answer.getModel())
        .setModelVersion(answer.getModelDigest())
        .setId(request.getId())
        .putParameters("request_id", parameter(answer.getRequestId()))
        .putParameters("finish_reason", parameter(answer.getFinishReason().name()))
        .putParameters("seed", InferParameter.newBuilder().setInt64Param(answer.getSeed()).build())
        .putParameters(
            "completion_tokens",
            InferParameter.newBuilder()
                .setInt64Param(answer.getUsage().getCompletionTokens())
                .build())
        .addOutputs(output)
        .build();
  }

  private static InferParameter parameter(String text) {
    return InferParameter.newBuilder().setStringParam(text).build();
  }

  private ResolvedModel resolve(Principal who, String name, String version)
      throws RefusedException {
    return cluster.resolve(ModelName.parse(InferMessages.model(name, version), "name"), who);
  }
}
