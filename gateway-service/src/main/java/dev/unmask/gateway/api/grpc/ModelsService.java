package dev.unmask.gateway.api.grpc;

import com.google.protobuf.Message;
import dev.unmask.gateway.flow.Gate;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.access.Principal;
import dev.unmask.gateway.flow.admission.ModelName;
import dev.unmask.gateway.flow.admission.UnknownFields;
import dev.unmask.gateway.flow.cluster.Checkpoint;
import dev.unmask.gateway.flow.cluster.ClusterView;
import dev.unmask.gateway.flow.release.AliasMoves;
import dev.unmask.gateway.flow.release.CanaryWatch;
import dev.unmask.store.release.AliasState;
import dev.unmask.store.release.AliasTable;
import dev.unmask.v1.ActivateModelRequest;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.GetModelRequest;
import dev.unmask.v1.ListModelsRequest;
import dev.unmask.v1.ListModelsResponse;
import dev.unmask.v1.ModelAlias;
import dev.unmask.v1.ModelVersion;
import dev.unmask.v1.ModelsGrpc;
import dev.unmask.v1.RollbackModelRequest;
import dev.unmask.v1.WatchAliasesRequest;
import dev.unmask.v1.WithdrawModelRequest;
import dev.unmask.v1.WithdrawModelResponse;
import io.grpc.BindableService;
import io.grpc.ServerServiceDefinition;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.quarkus.grpc.GrpcService;
import java.util.HashMap;
import java.util.Map;

/**
 * What is published, where it points, who serves it, and what it points to. Calls that wait have a
 * virtual thread of their own.
 */
@GrpcService
public class ModelsService implements ModelsGrpc.AsyncService, BindableService {

  private static final long LOOK_MS = 500;

  private final Gate gate;
  private final ClusterView cluster;
  private final AliasMoves moves;
  private final CanaryWatch canaries;

  public ModelsService(Gate gate, ClusterView cluster, AliasMoves moves, CanaryWatch canaries) {
    this.gate = gate;
    this.cluster = cluster;
    this.moves = moves;
    this.canaries = canaries;
  }

  @Override
  public ServerServiceDefinition bindService() {
    return CheckedFrames.of(ModelsGrpc.bindService(this));
  }

  @Override
  public void list(ListModelsRequest request, StreamObserver<ListModelsResponse> responses) {
    Principal who = CallerContext.origin().who();
    answer(
        request,
        responses,
        () ->
            ListModelsResponse.newBuilder()
                .addAllModels(cluster.versions(who, request.getName()))
                .addAllAliases(
                    cluster.aliases(who).entrySet().stream()
                        .filter(alias -> wanted(request.getName(), alias.getKey()))
                        .map(alias -> canaries.message(alias.getKey(), alias.getValue()))
                        .toList())
                .build());
  }

  @Override
  public void get(GetModelRequest request, StreamObserver<ModelVersion> responses) {
    Principal who = CallerContext.origin().who();
    answer(
        request,
        responses,
        () -> {
          String digest =
              cluster.resolve(ModelName.parse(request.getModel(), "model"), who).digest();
          return cluster.versions(who, "").stream()
              .filter(version -> version.getDigest().equals(digest))
              .findFirst()
              .orElseThrow(() ->
                  new RefusedException(
                      Refusal.of(ErrorCode.ERROR_CODE_NOT_FOUND, digest + " is not published.")));
        });
  }

  @Override
  public void activate(ActivateModelRequest request, StreamObserver<ModelAlias> responses) {
    move(
        request,
        responses,
        () -> {
          AliasState after = moves.activate(request);
          return message(after);
        });
  }

  @Override
  public void rollback(RollbackModelRequest request, StreamObserver<ModelAlias> responses) {
    move(
        request,
        responses,
        () -> {
          AliasState after = moves.rollback(request);
          return message(after);
        });
  }

  @Override
  public void withdraw(
      WithdrawModelRequest request, StreamObserver<WithdrawModelResponse> responses) {
    move(
        request,
        responses,
        () -> {
          Checkpoint gone = moves.withdraw(request);
          return WithdrawModelResponse.newBuilder()
              .setName(gone.model())
              .setDigest(gone.digest())
              .build();
        });
  }

  @Override
  public void watchAliases(WatchAliasesRequest request, StreamObserver<ModelAlias> responses) {
    var observer = (ServerCallStreamObserver<ModelAlias>) responses;
    // Without a handler the next alias would throw when the caller is gone.
    observer.setOnCancelHandler(() -> {});
    Principal who = CallerContext.origin().who();
    var unused =
        Thread.ofVirtual()
            .name("watch-aliases")
            .start(() -> {
              try {
                check(request);
                watch(who, request.getName(), observer);
              } catch (RefusedException e) {
                observer.onError(StatusMapping.exception(e.refusal()));
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
  }

  private void watch(Principal who, String name, ServerCallStreamObserver<ModelAlias> observer)
      throws InterruptedException {
    Map<AliasTable.Name, Long> sent = new HashMap<>();
    while (!observer.isCancelled() && gate.closed().isEmpty()) {
      long seen = cluster.aliases().changes();
      for (Map.Entry<AliasTable.Name, AliasState> alias : cluster.aliases(who).entrySet()) {
        long epoch = alias.getValue().epoch();
        if (wanted(name, alias.getKey()) && sent.getOrDefault(alias.getKey(), -1L) < epoch) {
          sent.put(alias.getKey(), epoch);
          observer.onNext(canaries.message(alias.getKey(), alias.getValue()));
        }
      }
      cluster.aliases().awaitChange(seen, LOOK_MS);
    }
    if (!observer.isCancelled()) {
      observer.onCompleted();
    }
  }

  private ModelAlias message(AliasState state) {
    return canaries.message(new AliasTable.Name(state.last().model(), state.last().alias()), state);
  }

  private static boolean wanted(String name, AliasTable.Name alias) {
    return name.isEmpty() || name.equals(alias.model());
  }

  @FunctionalInterface
  private interface Answer<T> {
    T get() throws RefusedException, InterruptedException;
  }

  private void check(Message request) throws RefusedException {
    UnknownFields.refuse(request);
    gate.enter();
  }

  /** Answers where it is; for what does not wait. */
  private <T> void answer(Message request, StreamObserver<T> responses, Answer<T> answer) {
    try {
      check(request);
      responses.onNext(answer.get());
      responses.onCompleted();
    } catch (RefusedException e) {
      responses.onError(StatusMapping.exception(e.refusal()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Answers on a thread of its own; a caller that leaves does not undo what was begun. */
  private <T> void move(Message request, StreamObserver<T> responses, Answer<T> answer) {
    var observer = (ServerCallStreamObserver<T>) responses;
    observer.setOnCancelHandler(() -> {});
    var unused =
        Thread.ofVirtual().name("move-alias").start(() -> answer(request, observer, answer));
  }
}
