package dev.unmask.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.rpc.BadRequest;
import dev.unmask.proto.Topics;
import dev.unmask.testkit.TopicLog;
import dev.unmask.v1.AbortRequest;
import dev.unmask.v1.CountTokensResponse;
import dev.unmask.v1.DetokenizeRequest;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerationControl;
import dev.unmask.v1.Message;
import dev.unmask.v1.Messages;
import dev.unmask.v1.TokenizeRequest;
import dev.unmask.v1.TokenizeResponse;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

@QuarkusTest
@QuarkusTestResource(GatewayTestResource.class)
class TokensAndAbortTest {

  private final TestGateway gateway = TestGateway.shared();

  private static StatusRuntimeException failure(Runnable call) {
    return catchThrowableOfType(StatusRuntimeException.class, call::run);
  }

  private static String field(StatusRuntimeException e) {
    assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    return TestGateway.detail(e, BadRequest.class).getFieldViolations(0).getField();
  }

  @Test
  void aTextIsTokensAndBack() {
    TokenizeRequest text =
        TokenizeRequest.newBuilder().setModel(gateway.base).setText("Say something.").build();
    TokenizeResponse tokens = gateway.blocking().tokenize(text);
    assertThat(tokens.getTokensCount()).isPositive().isEqualTo(tokens.getTextsCount());
    assertThat(tokens.getContextLength()).isEqualTo(2048);
    assertThat(tokens.getModelDigest()).isEqualTo(gateway.model.digest());
    assertThat(
            gateway
                .blocking()
                .detokenize(
                    DetokenizeRequest.newBuilder()
                        .setModel(gateway.base)
                        .addAllTokens(tokens.getTokensList())
                        .build())
                .getText())
        .isEqualTo("Say something.");
    CountTokensResponse count = gateway.blocking().countTokens(text);
    assertThat(count.getCount()).isEqualTo(tokens.getTokensCount());
    CountTokensResponse chat =
        gateway
            .blocking()
            .countTokens(
                text.toBuilder()
                    .setMessages(
                        Messages.newBuilder()
                            .addMessages(
                                Message.newBuilder().setRole("user").setContent("Say something.")))
                    .build());
    assertThat(chat.getCount()).as("the template adds to it").isGreaterThan(count.getCount());
  }

  @Test
  void tokensThatCannotBeAreRefused() {
    TokenizeRequest nothing = TokenizeRequest.newBuilder().setModel(gateway.base).build();
    assertThat(field(failure(() -> gateway.blocking().tokenize(nothing)))).isEqualTo("input");
    assertThat(
            field(
                failure(() ->
                    gateway
                        .blocking()
                        .detokenize(
                            DetokenizeRequest.newBuilder()
                                .setModel(gateway.base)
                                .addTokens(1)
                                .addTokens(-4)
                                .build()))))
        .isEqualTo("tokens[1]");
    assertThat(
            failure(() ->
                    gateway
                        .blocking()
                        .countTokens(nothing.toBuilder().setModel("none").setText("x").build()))
                .getStatus()
                .getCode())
        .isEqualTo(Status.Code.NOT_FOUND);
  }

  @Test
  void anAbortEndsACallHereAndAtTheSampler() throws Exception {
    BlockingQueue<String> ids = new LinkedBlockingQueue<>();
    BlockingQueue<Boolean> stopped = new LinkedBlockingQueue<>();
    GenerateRequest request =
        gateway.request(call -> {
          ids.add(call.requestId());
          stopped.add(call.awaitCancel(Duration.ofSeconds(10)));
          call.fail(ErrorCode.ERROR_CODE_CANCELLED, "cancelled");
        });
    BlockingQueue<StatusRuntimeException> ends = new LinkedBlockingQueue<>();
    Thread caller =
        Thread.ofVirtual()
            .start(() -> ends.add(failure(() -> gateway.blocking().generate(request))));
    var unused =
        gateway.blocking().abort(AbortRequest.newBuilder().addRequestIds(ids.take()).build());
    caller.join();
    StatusRuntimeException end = ends.take();
    assertThat(end.getStatus().getCode()).isEqualTo(Status.Code.CANCELLED);
    assertThat(end.getStatus().getDescription()).contains("aborted");
    assertThat(stopped.poll(30, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void anAbortOfWhatThisGatewayDoesNotKnowGoesToEverySampler() throws Exception {
    try (TopicLog control = gateway.kafka.follow(Topics.CONTROL)) {
      String id = "wf-" + System.nanoTime();
      var unused = gateway.blocking().abort(AbortRequest.newBuilder().addRequestIds(id).build());
      byte[] record = control.awaitValues(id, 1, TestGateway.PATIENCE).getFirst();
      assertThat(GenerationControl.parseFrom(record).hasCancel()).isTrue();
    }
    assertThat(field(failure(() -> gateway.blocking().abort(AbortRequest.getDefaultInstance()))))
        .isEqualTo("request_ids");
    assertThat(
            field(
                failure(() ->
                    gateway
                        .blocking()
                        .abort(
                            AbortRequest.newBuilder()
                                .addRequestIds("a")
                                .addRequestIds(" ")
                                .build()))))
        .isEqualTo("request_ids[1]");
  }
}
