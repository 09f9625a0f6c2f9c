package dev.unmask.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.unmask.gateway.HttpCaller.Answer;
import dev.unmask.testkit.ScriptedCall;
import dev.unmask.testkit.ScriptedSampler;
import dev.unmask.v1.FilledGap;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.GenerationJob;
import dev.unmask.v1.Infill;
import dev.unmask.v1.InfillPart;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Texts with gaps, and texts as tokens. */
@QuarkusTest
@QuarkusTestResource(GatewayTestResource.class)
class HttpTextTest {

  private final TestGateway gateway = TestGateway.shared();

  private ScriptedSampler.Script filling(BlockingQueue<GenerationJob> jobs) {
    return call -> {
      jobs.add(call.job());
      call.emit(
          GenerationEvent.newBuilder()
              .setFinal(
                  GenerateResponse.newBuilder()
                      .setRequestId(call.requestId())
                      .setText("whole")
                      .setModelDigest(call.job().getModelDigest())
                      .addGaps(FilledGap.newBuilder().setText(" is").addTokenIds(7))));
    };
  }

  @Test
  void aTemplateBecomesParts() throws Exception {
    BlockingQueue<GenerationJob> jobs = new LinkedBlockingQueue<>();
    String text = gateway.prompt(filling(jobs));
    JsonNode json =
        HttpCaller.post(
                "/v1/infill",
                """
                {"model": "%s", "text": "%s[[3]] and[[2]]", "seed": 4,
                 "diffusion": {"preset": "fast"}}\
                """
                    .formatted(gateway.base, text))
            .json();
    assertThat(json.path("object").asText()).as("%s", json).isEqualTo("infill");
    assertThat(json.path("text").asText()).isEqualTo("whole");
    assertThat(json.at("/gaps/0/text").asText()).isEqualTo(" is");
    assertThat(json.at("/unmask/model_digest").asText()).isEqualTo(gateway.model.digest());
    GenerationJob job = jobs.take();
    assertThat(job.getMinReader()).isEqualTo(3);
    assertThat(job.getRequest().getInfill().getTemplate()).isEmpty();
    assertThat(job.getRequest().getInfill().getPartsList())
        .extracting(InfillPart::getPartCase)
        .containsExactly(
            InfillPart.PartCase.TEXT,
            InfillPart.PartCase.GAP,
            InfillPart.PartCase.TEXT,
            InfillPart.PartCase.GAP);
  }

  @Test
  void grpcFillsGapsToo() {
    BlockingQueue<GenerationJob> jobs = new LinkedBlockingQueue<>();
    GenerateRequest request =
        GenerateRequest.newBuilder()
            .setModel(gateway.base)
            .setInfill(
                Infill.newBuilder()
                    .addParts(InfillPart.newBuilder().setText(gateway.prompt(filling(jobs))))
                    .addParts(InfillPart.newBuilder().setGap(2)))
            .build();
    assertThat(gateway.blocking().infill(request).getGaps(0).getTokenIds(0)).isEqualTo(7);
    StatusRuntimeException e =
        Assertions.assertThrows(
            StatusRuntimeException.class,
            () -> gateway.blocking().infill(gateway.request(ScriptedCall::started)));
    assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"text\": \"no gap\" | infill.parts",
        "\"text\": \"[[0]]\" | infill.parts[0].gap",
        "\"text\": \"a[[2]]\", \"parts\": [{\"gap\": 2}] | infill.template",
        "\"parts\": [{}] | infill.parts[0]",
        "\"parts\": [{\"gap\": 2, \"text\": \"x\"}] | parts[0]",
        "\"text\": \"a[[2]]\", \"stop\": [\"x\"] | stop",
        "\"text\": \"a[[2]]\", \"max_tokens\": 3 | max_tokens",
        "\"text\": \"a[[2]]\", \"diffusion\": {\"gen_length\": 8} | diffusion.gen_length",
        "\"text\": \"a[[3]]\", \"diffusion\": {\"block_length\": 2} | diffusion.block_length",
        "\"text\": \"a[[4000]]\" | infill.parts",
        "\"text\": \"a[[2]]\", \"stream\": true | stream",
        "\"colour\": 1 | colour",
      })
  void aTextThatCannotBeFilledIsRefused(String fields, String param) {
    Answer answer =
        HttpCaller.post("/v1/infill", "{\"model\": \"%s\", %s}".formatted(gateway.base, fields));
    assertThat(answer.status()).as("%s", answer.json()).isEqualTo(400);
    assertThat(answer.error().path("param").asText()).isEqualTo(param);
  }

  @Test
  void aTextIsTokensAndBack() {
    String body = "{\"model\": \"%s\", \"text\": \"Say something.\"}".formatted(gateway.base);
    JsonNode tokens = HttpCaller.post("/tokenize", body).json();
    assertThat(tokens.path("count").asInt()).as("%s", tokens).isPositive();
    assertThat(tokens.path("tokens")).hasSize(tokens.path("count").asInt());
    assertThat(tokens.path("max_model_len").asInt()).isEqualTo(2048);
    JsonNode text =
        HttpCaller.post(
                "/detokenize",
                "{\"model\": \"%s\", \"tokens\": %s}"
                    .formatted(gateway.base, tokens.path("tokens")))
            .json();
    assertThat(text.path("text").asText()).isEqualTo("Say something.");
    JsonNode chat =
        HttpCaller.post(
                "/tokenize",
                """
                {"model": "%s", "messages": [{"role": "user", "content": "Say something."}]}\
                """
                    .formatted(gateway.base))
            .json();
    assertThat(chat.path("count").asInt())
        .as("the template adds to it: %s", chat)
        .isGreaterThan(tokens.path("count").asInt());
  }

  @Test
  void badTokensAreRefused() {
    assertThat(HttpCaller.post("/tokenize", "{\"model\": \"%s\"}".formatted(gateway.base)).status())
        .isEqualTo(400);
    assertThat(HttpCaller.post("/tokenize", "{\"model\": \"none\", \"text\": \"\"}").status())
        .isEqualTo(404);
    Answer answer =
        HttpCaller.post(
            "/detokenize",
            "{\"model\": \"%s\", \"tokens\": [1, 99999999]}".formatted(gateway.base));
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.error().path("param").asText()).isEqualTo("tokens[1]");
  }
}
