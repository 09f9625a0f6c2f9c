package dev.unmask.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import dev.unmask.testkit.ScriptedSampler;
import dev.unmask.v1.AbortRequest;
import dev.unmask.v1.DetokenizeRequest;
import dev.unmask.v1.DiffusionParams;
import dev.unmask.v1.FileInfo;
import dev.unmask.v1.FilesGrpc;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateStreamRequest;
import dev.unmask.v1.GenerationGrpc;
import dev.unmask.v1.Infill;
import dev.unmask.v1.InfillPart;
import dev.unmask.v1.JobsGrpc;
import dev.unmask.v1.Messages;
import dev.unmask.v1.SamplingParams;
import dev.unmask.v1.ScoreRequest;
import dev.unmask.v1.StreamMode;
import dev.unmask.v1.SubmitJobRequest;
import dev.unmask.v1.TextOrTokens;
import dev.unmask.v1.TokenIds;
import dev.unmask.v1.TokenizeRequest;
import dev.unmask.v1.UploadRequest;
import dev.unmask.v1.WatchJobRequest;
import dev.unmask.v1.inference.GRPCInferenceServiceGrpc;
import dev.unmask.v1.inference.InferParameter;
import dev.unmask.v1.inference.InferTensorContents;
import dev.unmask.v1.inference.ModelInferRequest;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * Frames whose bytes are those of a request with some of them changed, cut off or repeated. The
 * model's name is never right.
 */
@QuarkusTest
@QuarkusTestResource(GatewayTestResource.class)
class GrpcFuzzTest {

  private static final int FRAMES = 4000;

  /** What a caller can be told about its request, also when its bytes are no message. */
  private static final Set<Status.Code> ANSWERS =
      EnumSet.of(
          Status.Code.INVALID_ARGUMENT,
          Status.Code.NOT_FOUND,
          Status.Code.UNIMPLEMENTED,
          Status.Code.OK);

  private static final String NOWHERE = "no-such-model";

  private final TestGateway gateway = TestGateway.shared();

  /** A method and a request that is right but for its model. */
  private record Shape(MethodDescriptor<?, ?> method, Message request) {}

  private static List<Shape> shapes() {
    GenerateRequest generate =
        GenerateRequest.newBuilder()
            .setModel(NOWHERE)
            .setMessages(
                Messages.newBuilder()
                    .addMessages(
                        dev.unmask.v1.Message.newBuilder().setRole("user").setContent("Say it.")))
            .setDiffusion(
                DiffusionParams.newBuilder().setGenLength(64).setBlockLength(32).setSteps(64))
            .setSampling(SamplingParams.newBuilder().setTemperature(0.5).setSeed(3).addStop("x"))
            .setDeadlineMs(1000)
            .build();
    return List.of(
        new Shape(GenerationGrpc.getGenerateMethod(), generate),
        new Shape(
            GenerationGrpc.getGenerateStreamMethod(),
            GenerateStreamRequest.newBuilder()
                .setRequest(generate)
                .setMode(StreamMode.STREAM_MODE_BLOCK)
                .build()),
        new Shape(
            GenerationGrpc.getInfillMethod(),
            GenerateRequest.newBuilder()
                .setModel(NOWHERE)
                .setInfill(
                    Infill.newBuilder()
                        .addParts(InfillPart.newBuilder().setText("a"))
                        .addParts(InfillPart.newBuilder().setGap(3)))
                .build()),
        new Shape(
            GenerationGrpc.getScoreMethod(),
            ScoreRequest.newBuilder()
                .setModel(NOWHERE)
                .setContinuation(
                    TextOrTokens.newBuilder().setTokenIds(TokenIds.newBuilder().addIds(1)))
                .setSamples(8)
                .build()),
        new Shape(
            GenerationGrpc.getTokenizeMethod(),
            TokenizeRequest.newBuilder().setModel(NOWHERE).setText("Say it.").build()),
        new Shape(
            GenerationGrpc.getDetokenizeMethod(),
            DetokenizeRequest.newBuilder().setModel(NOWHERE).addTokens(1).build()),
        new Shape(
            GenerationGrpc.getAbortMethod(),
            AbortRequest.newBuilder().addRequestIds("gen-nothing").build()),
        new Shape(
            JobsGrpc.getSubmitMethod(),
            SubmitJobRequest.newBuilder().setGenerate(generate).build()),
        new Shape(
            JobsGrpc.getWatchMethod(),
            WatchJobRequest.newBuilder().setId("job-none").setAfterSeq(3).build()),
        new Shape(
            GRPCInferenceServiceGrpc.getModelInferMethod(),
            ModelInferRequest.newBuilder()
                .setModelName(NOWHERE)
                .putParameters("steps", InferParameter.newBuilder().setInt64Param(8).build())
                .addInputs(
                    ModelInferRequest.InferInputTensor.newBuilder()
                        .setName("text_input")
                        .setDatatype("BYTES")
                        .addShape(1)
                        .setContents(
                            InferTensorContents.newBuilder()
                                .addBytesContents(ByteString.copyFromUtf8("Say it."))))
                .build()));
  }

  @Test
  void whateverComesIsAnsweredAndTheServiceGoesOn() {
    Random random = new Random(20261201);
    List<Shape> shapes = shapes();
    Map<Status.Code, Integer> seen = new EnumMap<>(Status.Code.class);
    int broken = 0;
    for (int i = 0; i < FRAMES; i++) {
      Shape shape = shapes.get(random.nextInt(shapes.size()));
      byte[] frame = changed(shape.request().toByteArray(), random);
      Status status = send(shape.method(), frame);
      seen.merge(status.getCode(), 1, Integer::sum);
      String what =
          i
              + " "
              + status
              + " "
              + shape.method().getFullMethodName()
              + " "
              + Arrays.toString(frame);
      assertThat(ANSWERS).as(what).contains(status.getCode());
      if (!isMessage(shape.request(), frame)) {
        broken++;
        assertThat(status.getCode()).as(what).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(status.getDescription())
            .as(what)
            .contains(shape.request().getDescriptorForType().getFullName());
      }
    }
    assertThat(seen).containsKeys(Status.Code.INVALID_ARGUMENT, Status.Code.NOT_FOUND);
    assertThat(broken).as("frames that were no message").isGreaterThan(100);
    System.out.println("fuzzed frames: " + seen + ", no message: " + broken);
    assertThat(
            gateway
                .blocking()
                .generate(gateway.request(ScriptedSampler.answering("still here")))
                .getText())
        .isEqualTo("still here");
    assertThat(HttpCaller.get("/q/health/live").status()).isEqualTo(200);
  }

  /** An upload is a stream of the caller's: a chunk in the middle of it is no message. */
  @Test
  void aBrokenChunkEndsAnUpload() throws Exception {
    BlockingQueue<Status> ended = new LinkedBlockingQueue<>();
    ClientCall<byte[], byte[]> call =
        gateway.channel.newCall(raw(FilesGrpc.getUploadMethod()), CallOptions.DEFAULT);
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onClose(Status status, Metadata trailers) {
            ended.add(status);
          }
        },
        new Metadata());
    call.request(1);
    call.sendMessage(
        UploadRequest.newBuilder()
            .setInfo(FileInfo.newBuilder().setFilename("a").setPurpose("fine-tune"))
            .build()
            .toByteArray());
    call.sendMessage(new byte[] {(byte) 0xff, (byte) 0xff});
    Status status = ended.poll(60, TimeUnit.SECONDS);
    assertThat(status).isNotNull();
    assertThat(status.getCode()).as("%s", status).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(status.getDescription()).contains("unmask.v1.UploadRequest");
  }

  private static boolean isMessage(Message like, byte[] frame) {
    try {
      var unused = like.getParserForType().parseFrom(frame);
      return true;
    } catch (com.google.protobuf.InvalidProtocolBufferException e) {
      return false;
    }
  }

  private static byte[] changed(byte[] right, Random random) {
    byte[] bytes = right.clone();
    int changes = random.nextInt(4);
    for (int i = 0; i < changes; i++) {
      bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
    }
    return switch (random.nextInt(5)) {
      case 0 -> Arrays.copyOf(bytes, random.nextInt(bytes.length + 1));
      case 1 -> {
        int from = random.nextInt(bytes.length);
        byte[] more = Arrays.copyOf(bytes, bytes.length * 2 - from);
        System.arraycopy(bytes, from, more, bytes.length, bytes.length - from);
        yield more;
      }
      default -> bytes;
    };
  }

  private Status send(MethodDescriptor<?, ?> method, byte[] frame) {
    MethodDescriptor<byte[], byte[]> raw = raw(method);
    CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(60, TimeUnit.SECONDS);
    try {
      if (method.getType() == MethodDescriptor.MethodType.UNARY) {
        var unused = ClientCalls.blockingUnaryCall(gateway.channel, raw, options, frame);
      } else {
        ClientCalls.blockingServerStreamingCall(gateway.channel, raw, options, frame)
            .forEachRemaining(event -> {});
      }
      return Status.OK;
    } catch (StatusRuntimeException e) {
      return e.getStatus();
    }
  }

  private static MethodDescriptor<byte[], byte[]> raw(MethodDescriptor<?, ?> method) {
    return MethodDescriptor.newBuilder(new Bytes(), new Bytes())
        .setFullMethodName(method.getFullMethodName())
        .setType(method.getType())
        .build();
  }

  /** Bytes as they are. */
  private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
    @Override
    public InputStream stream(byte[] value) {
      return new ByteArrayInputStream(value);
    }

    @Override
    public byte[] parse(InputStream stream) {
      try {
        return stream.readAllBytes();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
