package dev.unmask.cli.bench.limits;

import com.google.protobuf.MessageLite;
import dev.unmask.cli.CliException;
import dev.unmask.cli.client.StatusSentences;
import dev.unmask.v1.GenerateStreamRequest;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.GenerationGrpc;
import dev.unmask.v1.JobsGrpc;
import dev.unmask.v1.StreamMode;
import dev.unmask.v1.WatchJobRequest;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** One connection with one stream on it, which is read as it comes or not at all. */
interface Reader extends AutoCloseable {

  /** Bytes of the stream that were read. */
  long bytes();

  /** Why it ended before it was left; empty while it goes on. */
  String failure();

  /** Leaves. */
  @Override
  void close();

  /** Steps as whole canvases over gRPC. */
  static Reader canvases(String grpc, String model, int steps, boolean slow) {
    GenerateStreamRequest request =
        GenerateStreamRequest.newBuilder()
            .setRequest(
                LongRequests.of("Show it.", steps, steps).toBuilder()
                    .setModel(model)
                    .setDiffusion(LongRequests.onlySteps(steps)))
            .setMode(StreamMode.STREAM_MODE_STEP_SNAPSHOT)
            .build();
    return new Grpc(
        grpc,
        slow,
        (channel, ears) -> GenerationGrpc.newStub(channel).generateStream(request, ears));
  }

  /** A job's events over gRPC. */
  static Reader watch(String grpc, String job, boolean slow) {
    return new Grpc(
        grpc,
        slow,
        (channel, ears) ->
            JobsGrpc.newStub(channel).watch(WatchJobRequest.newBuilder().setId(job).build(), ears));
  }

  /** Steps and text as server-sent events. */
  static Reader events(String http, String model, int steps, boolean slow) {
    return new Sse(
        http,
        slow,
        """
        {"model": "%s", "prompt": "Show it.", "stream": true, "diffusion": {"steps": %d, "stream": "step"}}\
        """
            .formatted(model, steps));
  }

  /** A channel with small windows, so that a stream that is not read stops early. */
  final class Grpc implements Reader {

    private static final int WINDOW = 64 * 1024;

    private final ManagedChannel channel;
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicReference<String> failure = new AtomicReference<>("");

    private Grpc(
        String address,
        boolean slow,
        BiConsumer<ManagedChannel, StreamObserver<GenerationEvent>> call) {
      channel =
          NettyChannelBuilder.forTarget(address).usePlaintext().flowControlWindow(WINDOW).build();
      call.accept(channel, new Ears<>(slow, bytes, failure));
    }

    @Override
    public String failure() {
      return failure.get();
    }

    @Override
    public long bytes() {
      return bytes.get();
    }

    @Override
    public void close() {
      channel.shutdownNow();
    }

    private record Ears<Q>(boolean slow, AtomicLong bytes, AtomicReference<String> failure)
        implements ClientResponseObserver<Q, GenerationEvent> {

      @Override
      public void beforeStart(ClientCallStreamObserver<Q> call) {
        if (slow) {
          call.disableAutoRequestWithInitial(1);
        }
      }

      @Override
      public void onNext(GenerationEvent event) {
        bytes.addAndGet(size(event));
      }

      private static long size(MessageLite message) {
        return message.getSerializedSize();
      }

      @Override
      public void onError(Throwable cause) {
        failure.set(StatusSentences.of(Status.fromThrowable(cause).asRuntimeException()));
      }

      @Override
      public void onCompleted() {}
    }
  }

  /** A socket with a small buffer. */
  final class Sse implements Reader {

    private static final int BUFFER = 4 * 1024;

    private final Socket socket = new Socket();
    private final AtomicLong bytes = new AtomicLong();
    private final @Nullable Thread reading;

    private Sse(String address, boolean slow, String body) {
      int colon = address.lastIndexOf(':');
      try {
        socket.setReceiveBufferSize(BUFFER);
        socket.connect(
            new InetSocketAddress(
                address.substring(0, colon), Integer.parseInt(address.substring(colon + 1))));
        String request =
            "POST /v1/completions HTTP/1.1\r\nhost: "
                + address
                + "\r\ncontent-type: application/json\r\ncontent-length: "
                + body.getBytes(StandardCharsets.UTF_8).length
                + "\r\n\r\n"
                + body;
        socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
      } catch (IOException e) {
        throw new CliException("no stream from " + address + ": " + e.getMessage(), e);
      }
      reading = slow ? null : Thread.ofVirtual().start(this::read);
    }

    private void read() {
      byte[] chunk = new byte[64 * 1024];
      try {
        InputStream in = socket.getInputStream();
        for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
          bytes.addAndGet(n);
        }
      } catch (IOException e) {
        // Closed by us.
      }
    }

    @Override
    public long bytes() {
      return bytes.get();
    }

    @Override
    public String failure() {
      return reading != null && !reading.isAlive() ? "the connection was closed" : "";
    }

    @Override
    public void close() {
      try {
        socket.close();
        if (reading != null) {
          reading.join();
        }
      } catch (IOException e) {
        throw new CliException("a stream could not be closed: " + e.getMessage(), e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
