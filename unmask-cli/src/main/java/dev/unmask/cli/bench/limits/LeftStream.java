package dev.unmask.cli.bench.limits;

import dev.unmask.cli.CliException;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.cli.client.StatusSentences;
import dev.unmask.v1.GenerateStreamRequest;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.StreamMode;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A stream of steps that its caller leaves. Known on the topics by its prompt. */
final class LeftStream {

  private static final long PATIENCE_MS = 120_000;
  private static final AtomicInteger NUMBER = new AtomicInteger();

  private final String prompt = "Tell me about the number " + NUMBER.incrementAndGet() + ".";
  private volatile @Nullable ClientCallStreamObserver<GenerateStreamRequest> call;
  private int steps; // guarded by this
  private boolean left; // guarded by this
  private @Nullable Status end; // guarded by this

  private LeftStream() {}

  static LeftStream open(GatewayClient client, int steps) {
    LeftStream stream = new LeftStream();
    client
        .generationLater()
        .generateStream(
            GenerateStreamRequest.newBuilder()
                .setRequest(LongRequests.of(stream.prompt, steps, steps))
                .setMode(StreamMode.STREAM_MODE_STEP_DELTA)
                .build(),
            stream.new Ears());
    return stream;
  }

  String prompt() {
    return prompt;
  }

  /** Leaves when so many steps were seen; the prompt. */
  String leaveAfter(int seen) throws InterruptedException {
    awaitSteps(seen);
    leave();
    return prompt;
  }

  synchronized void awaitSteps(int seen) throws InterruptedException {
    long until = System.currentTimeMillis() + PATIENCE_MS;
    while (steps < seen && end == null && System.currentTimeMillis() < until) {
      wait(1_000);
    }
    if (steps < seen) {
      Status why = end;
      throw new CliException(
          "a stream showed no "
              + seen
              + " steps"
              + (why == null ? "" : ": " + StatusSentences.of(why.asRuntimeException())));
    }
  }

  void leave() {
    synchronized (this) {
      left = true;
    }
    ClientCallStreamObserver<GenerateStreamRequest> now = call;
    if (now != null) {
      now.cancel("the caller left", null);
    }
  }

  synchronized boolean isOver() {
    return end != null;
  }

  /** Told on a thread of the channel. */
  private final class Ears
      implements ClientResponseObserver<GenerateStreamRequest, GenerationEvent> {

    @Override
    public void beforeStart(ClientCallStreamObserver<GenerateStreamRequest> begun) {
      call = begun;
    }

    @Override
    public void onNext(GenerationEvent event) {
      synchronized (LeftStream.this) {
        if (event.hasStep() && !left) {
          steps++;
          LeftStream.this.notifyAll();
        }
      }
    }

    @Override
    public void onError(Throwable failure) {
      over(Status.fromThrowable(failure));
    }

    @Override
    public void onCompleted() {
      over(Status.OK);
    }

    private void over(Status status) {
      synchronized (LeftStream.this) {
        end = status;
        LeftStream.this.notifyAll();
      }
    }
  }
}
