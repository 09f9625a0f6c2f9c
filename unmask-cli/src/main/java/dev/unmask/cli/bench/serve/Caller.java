package dev.unmask.cli.bench.serve;

import dev.unmask.cli.client.StatusSentences;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.GenerateStreamRequest;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.GenerationGrpc.GenerationStub;
import dev.unmask.v1.StreamMode;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.function.Consumer;

/** Sends requests and tells how they ended. Any thread. */
final class Caller {

  private final GenerationStub stub;
  private final List<GenerateRequest> requests;
  private final boolean stream;

  /**
   * @param requests used in turn
   * @param stream whether answers are watched while they grow
   */
  Caller(GenerationStub stub, List<GenerateRequest> requests, boolean stream) {
    this.stub = stub;
    this.requests = List.copyOf(requests);
    this.stream = stream;
  }

  /**
   * Sends the request whose turn it is; returns at once.
   *
   * @param intended when it was to be sent
   * @param done hears of the end, once, on a thread of the channel
   */
  void call(int index, long intended, Consumer<Observation> done) {
    GenerateRequest request = requests.get(index % requests.size());
    if (stream) {
      Watched watched = new Watched(intended, done);
      stub.generateStream(
          GenerateStreamRequest.newBuilder()
              .setRequest(request)
              .setMode(StreamMode.STREAM_MODE_BLOCK)
              .build(),
          watched);
    } else {
      stub.generate(request, new Awaited(intended, done));
    }
  }

  /** Collects one call's times. gRPC calls an observer from one thread at a time. */
  private abstract static class Ears<T> implements StreamObserver<T> {
    private final long intended;
    private final long sent = System.nanoTime();
    private final Consumer<Observation> done;
    private long firstText;
    private GenerateResponse answer = GenerateResponse.getDefaultInstance();

    Ears(long intended, Consumer<Observation> done) {
      this.intended = intended;
      this.done = done;
    }

    void text() {
      if (firstText == 0) {
        firstText = System.nanoTime();
      }
    }

    void answer(GenerateResponse response) {
      text();
      answer = response;
    }

    @Override
    public void onError(Throwable failure) {
      Status status = Status.fromThrowable(failure);
      end(status.getCode(), StatusSentences.of(status.asRuntimeException()));
    }

    @Override
    public void onCompleted() {
      end(Status.Code.OK, "");
    }

    private void end(Status.Code status, String why) {
      long now = System.nanoTime();
      done.accept(
          new Observation(
              intended, sent, firstText == 0 ? now : firstText, now, status, why, answer));
    }
  }

  private static final class Awaited extends Ears<GenerateResponse> {
    Awaited(long intended, Consumer<Observation> done) {
      super(intended, done);
    }

    @Override
    public void onNext(GenerateResponse response) {
      answer(response);
    }
  }

  private static final class Watched extends Ears<GenerationEvent> {
    Watched(long intended, Consumer<Observation> done) {
      super(intended, done);
    }

    @Override
    public void onNext(GenerationEvent event) {
      if (event.hasText()) {
        text();
      } else if (event.hasFinal()) {
        answer(event.getFinal());
      }
    }
  }
}
