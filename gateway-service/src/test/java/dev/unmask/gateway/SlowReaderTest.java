package dev.unmask.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.GenerateStreamRequest;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.GenerationGrpc;
import dev.unmask.v1.StreamMode;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

@QuarkusTest
@QuarkusTestResource(GatewayTestResource.class)
class SlowReaderTest {

  private static final int PIECES = 200;
  private static final String PIECE = "x".repeat(16 * 1024);

  private final TestGateway gateway = TestGateway.shared();

  /** Reads one message at a time, when told to. */
  private static final class Reader
      implements ClientResponseObserver<GenerateStreamRequest, GenerationEvent> {
    final BlockingQueue<GenerationEvent> events = new LinkedBlockingQueue<>();
    final CountDownLatch ended = new CountDownLatch(1);
    volatile @Nullable Throwable failure;
    private volatile @Nullable ClientCallStreamObserver<GenerateStreamRequest> call;

    @Override
    public void beforeStart(ClientCallStreamObserver<GenerateStreamRequest> stream) {
      call = stream;
      stream.disableAutoRequestWithInitial(0);
    }

    void read(int count) {
      ClientCallStreamObserver<GenerateStreamRequest> now = call;
      if (now == null) {
        throw new IllegalStateException("the call has not begun");
      }
      now.request(count);
    }

    @Override
    public void onNext(GenerationEvent event) {
      events.add(event);
    }

    @Override
    public void onError(Throwable cause) {
      failure = cause;
      ended.countDown();
    }

    @Override
    public void onCompleted() {
      ended.countDown();
    }
  }

  @Test
  void aReaderThatStopsFindsTheFramesMolten() throws Exception {
    CountDownLatch said = new CountDownLatch(1);
    CountDownLatch finish = new CountDownLatch(1);
    Reader reader = new Reader();
    GenerationGrpc.newStub(gateway.channel)
        .withDeadlineAfter(60, TimeUnit.SECONDS)
        .generateStream(
            GenerateStreamRequest.newBuilder()
                .setMode(StreamMode.STREAM_MODE_BLOCK)
                .setRequest(
                    gateway.request(call -> {
                      for (int i = 0; i < PIECES; i++) {
                        call.text(0, PIECE);
                      }
                      said.countDown();
                      finish.await();
                      // The whole text would not fit into one record.
                      call.fail(ErrorCode.ERROR_CODE_INTERNAL, "enough");
                    }))
                .build(),
            reader);
    reader.read(1);
    assertThat(said.await(60, TimeUnit.SECONDS)).isTrue();
    reader.read(PIECES);
    long characters = 0;
    int frames = 0;
    while (characters < (long) PIECES * PIECE.length()) {
      GenerationEvent event = reader.events.poll(30, TimeUnit.SECONDS);
      assertThat(event).as("after %d characters: %s", characters, reader.failure).isNotNull();
      characters += event.getText().getDelta().length();
      frames++;
    }
    finish.countDown();
    assertThat(reader.ended.await(30, TimeUnit.SECONDS)).isTrue();
    assertThat(characters).isEqualTo((long) PIECES * PIECE.length());
    assertThat(frames).as("frames for %d pieces", PIECES).isLessThan(PIECES * 3 / 4);
  }
}
