package dev.unmask.gateway;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import dev.unmask.store.FolderStore;
import dev.unmask.testkit.FakeWorkerBeacon;
import dev.unmask.testkit.PublishedModel;
import dev.unmask.testkit.ScriptedSampler;
import dev.unmask.testkit.TestKafka;
import dev.unmask.testkit.TinyModel;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateStreamRequest;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.GenerationGrpc;
import dev.unmask.v1.GenerationGrpc.GenerationBlockingStub;
import dev.unmask.v1.GenerationJob;
import dev.unmask.v1.ScoreRequest;
import dev.unmask.v1.StreamMode;
import dev.unmask.v1.TextOrTokens;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import org.eclipse.microprofile.config.ConfigProvider;
import org.jspecify.annotations.Nullable;

/**
 * What the API tests share: a channel to the gateway under test, one published model, and a
 * scripted sampler that plays for each request the script that its prompt names.
 */
final class TestGateway {

  static final Duration PATIENCE = Duration.ofSeconds(60);
  private static @Nullable TestGateway shared;

  final TestKafka kafka = TestKafka.shared();
  final String base = kafka.newBase();
  final PublishedModel model;
  final ScriptedSampler sampler;
  final ManagedChannel channel =
      NettyChannelBuilder.forAddress("127.0.0.1", config("test.grpc.port", Integer.class))
          .usePlaintext()
          .maxInboundMessageSize(32 << 20)
          .build();

  /** The channel as somebody whom a gateway with keys lets in. */
  private final Channel known =
      ConfigProvider.getConfig()
          .getOptionalValue("test.api-key", String.class)
          .map(key -> as(channel, key))
          .orElse(channel);

  private final Map<String, ScriptedSampler.Script> scripts = new ConcurrentHashMap<>();

  private TestGateway() {
    try {
      model =
          PublishedModel.publish(
              kafka,
              FolderStore.open(Path.of(config("unmask.store.root", String.class))),
              base,
              TinyModel.small(),
              Files.createTempDirectory("unmask-gateway-model"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    // Beacon and sampler live on daemon threads and end with the JVM, as its broker does.
    FakeWorkerBeacon unused = FakeWorkerBeacon.start(kafka, base, "beacon-" + base);
    sampler =
        ScriptedSampler.start(
            kafka.bootstrap(),
            base,
            8,
            call -> {
              ScriptedSampler.Script script = scripts.get(text(call.job()));
              if (script == null) {
                // A fuzzed request that came through; who scripts its prompts never sees this.
                call.fail(ErrorCode.ERROR_CODE_INVALID_ARGUMENT, "no script for " + call.job());
                return;
              }
              script.play(call);
            });
    await("the gateway knows the model", this::answers);
  }

  /** The one of this JVM; the first call starts it. */
  static synchronized TestGateway shared() {
    TestGateway now = shared;
    if (now == null) {
      now = new TestGateway();
      shared = now;
    }
    return now;
  }

  /** A channel on which every call carries a key. */
  static Channel as(Channel channel, String key) {
    Metadata headers = new Metadata();
    headers.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + key);
    return ClientInterceptors.intercept(
        channel, MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  static <T> T config(String name, Class<T> type) {
    return ConfigProvider.getConfig().getValue(name, type);
  }

  /** A model that is published and that no sampler serves. */
  String lonelyModel() throws IOException {
    String name = kafka.newBase();
    var unused =
        PublishedModel.publish(
            kafka,
            FolderStore.open(Path.of(config("unmask.store.root", String.class))),
            name,
            TinyModel.small(),
            Files.createTempDirectory("unmask-gateway-model"));
    await(
        "the gateway knows the lonely model",
        () -> HttpCaller.get("/v1/models/" + name).status() == 200);
    return name;
  }

  private boolean answers() {
    try {
      var unused = blocking().generate(request(ScriptedSampler.answering("ready")));
      return true;
    } catch (StatusRuntimeException e) {
      return false;
    }
  }

  /** A text that {@code script} will answer, as a prompt or as a dialogue's last message. */
  String prompt(ScriptedSampler.Script script) {
    String prompt = UUID.randomUUID().toString();
    scripts.put(prompt, script);
    return prompt;
  }

  /** {@code script} scores every continuation that is given as tokens. */
  void scored(ScriptedSampler.Script script) {
    scripts.put("", script);
  }

  private static String text(GenerationJob job) {
    if (job.hasScore()) {
      return job.getScore().getContinuation().getText();
    }
    if (job.getRequest().hasInfill()) {
      return job.getRequest().getInfill().getParts(0).getText();
    }
    int messages = job.getRequest().getMessages().getMessagesCount();
    return messages > 0
        ? job.getRequest().getMessages().getMessages(messages - 1).getContent()
        : job.getRequest().getPrompt();
  }

  /** A request that {@code script} will answer. */
  GenerateRequest request(ScriptedSampler.Script script) {
    return GenerateRequest.newBuilder().setModel(base).setPrompt(prompt(script)).build();
  }

  /** A request to score that {@code script} will answer. */
  ScoreRequest scoreRequest(ScriptedSampler.Script script) {
    String text = prompt(script);
    return ScoreRequest.newBuilder()
        .setModel(base)
        .setContinuation(TextOrTokens.newBuilder().setText(text))
        .setSamples(8)
        .build();
  }

  GenerationBlockingStub blocking() {
    return GenerationGrpc.newBlockingStub(known)
        .withDeadlineAfter(PATIENCE.toSeconds(), java.util.concurrent.TimeUnit.SECONDS);
  }

  /** All events of a stream. */
  List<GenerationEvent> stream(StreamMode mode, ScriptedSampler.Script script) {
    Iterator<GenerationEvent> events =
        blocking()
            .generateStream(
                GenerateStreamRequest.newBuilder()
                    .setRequest(request(script))
                    .setMode(mode)
                    .build());
    List<GenerationEvent> all = new ArrayList<>();
    events.forEachRemaining(all::add);
    return all;
  }

  /** The detail of this type in a status. */
  static <T extends Message> T detail(StatusRuntimeException e, Class<T> type) {
    for (Any any : Objects.requireNonNull(StatusProto.fromThrowable(e)).getDetailsList()) {
      if (any.is(type)) {
        try {
          return any.unpack(type);
        } catch (InvalidProtocolBufferException broken) {
          throw new AssertionError(broken);
        }
      }
    }
    throw new AssertionError("the status has no " + type.getSimpleName() + ": " + e);
  }

  /** Polls until {@code condition} holds. */
  static void await(String what, BooleanSupplier condition) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("it did not happen in time that " + what);
      }
      try {
        Thread.sleep(20);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }
}
