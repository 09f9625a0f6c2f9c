package dev.unmask.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.unmask.gateway.HttpCaller.Answer;
import dev.unmask.gateway.HttpCaller.Event;
import dev.unmask.proto.MinReader;
import dev.unmask.testkit.ScriptedSampler;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerationJob;
import dev.unmask.v1.Message;
import dev.unmask.v1.Structured;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Answers of a given form and calls of functions, over both protocols. */
@QuarkusTest
@QuarkusTestResource(GatewayTestResource.class)
class HttpToolsTest {

  private static final String CHAT = "/v1/chat/completions";

  private static final String CITY =
      "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}}}";

  private static final String WEATHER =
      """
      {"type": "function", "function": {"name": "weather", "description": "How it is outside.",
       "parameters": %s, "strict": true}}\
      """
          .formatted(CITY);

  private static final String TIME = "{\"type\": \"function\", \"function\": {\"name\": \"time\"}}";

  private static final String CALL =
      "{\"name\":\"weather\",\"arguments\":{\"city\":\"Köln\",\"days\":100000000000.123456}}";

  private final TestGateway gateway = TestGateway.shared();
  private final BlockingQueue<GenerationJob> jobs = new LinkedBlockingQueue<>();

  private ScriptedSampler.Script answering(String text) {
    return call -> {
      jobs.add(call.job());
      ScriptedSampler.answering(text).play(call);
    };
  }

  private String body(ScriptedSampler.Script script, String more) {
    return "{\"model\": \"%s\", \"messages\": [{\"role\": \"user\", \"content\": \"%s\"}], %s}"
        .formatted(gateway.base, gateway.prompt(script), more);
  }

  private static void isCall(JsonNode call) {
    assertThat(call.path("id").asText()).startsWith("call_");
    assertThat(call.path("type").asText()).isEqualTo("function");
    assertThat(call.at("/function/name").asText()).isEqualTo("weather");
    assertThat(call.at("/function/arguments").asText())
        .as("every digit is kept")
        .isEqualTo("{\"city\":\"Köln\",\"days\":100000000000.123456}");
  }

  @Test
  void aSchemaReachesTheSampler() throws Exception {
    String text = "{\"city\":\"Paris\"}";
    JsonNode answer =
        HttpCaller.post(
                CHAT,
                body(
                    answering(text),
                    """
                    "response_format": {"type": "json_schema", "json_schema":
                      {"name": "place", "strict": true, "schema": %s}}, "max_tokens": 60\
                    """
                        .formatted(CITY)))
            .json();
    assertThat(answer.at("/choices/0/message/content").asText()).as("%s", answer).isEqualTo(text);
    assertThat(answer.at("/choices/0/finish_reason").asText()).isEqualTo("stop");
    GenerationJob job = jobs.take();
    assertThat(job.getRequest().getStructured().getJsonSchema()).isEqualTo(CITY);
    assertThat(job.getRequest().getStructured().getFunction()).isEmpty();
    assertThat(job.getMinReader()).isEqualTo(MinReader.FIFTH);
  }

  @Test
  void aRequiredCallIsToldAsOpenAiDoesIt() throws Exception {
    JsonNode answer =
        HttpCaller.post(
                CHAT,
                body(
                    answering(CALL),
                    """
                    "tools": [%s, %s], "stop": ["x"], "diffusion": {"gen_length": 64, "cfg_scale": 1},
                    "tool_choice": {"type": "function", "function": {"name": "weather"}}\
                    """
                        .formatted(WEATHER, TIME)))
            .json();
    assertThat(answer.at("/choices/0/finish_reason").asText())
        .as("%s", answer)
        .isEqualTo("tool_calls");
    assertThat(answer.at("/choices/0/message/content").isNull()).isTrue();
    isCall(answer.at("/choices/0/message/tool_calls/0"));
    assertThat(answer.at("/usage/completion_tokens").asInt()).isPositive();
    GenerateRequest request = jobs.take().getRequest();
    assertThat(request.getStructured())
        .isEqualTo(Structured.newBuilder().setJsonSchema(CITY).setFunction("weather").build());
    assertThat(request.getMessages().getMessages(0).getRole()).isEqualTo("system");
    assertThat(request.getMessages().getMessages(0).getContent())
        .contains("\nweather: How it is outside. Arguments: " + CITY, "\ntime Arguments:");
    assertThat(request.getSampling().getStopCount()).isZero();
    assertThat(request.getDiffusion().hasGenLength()).isFalse();
    assertThat(request.getDiffusion().getCfgScale()).isEqualTo(1);
  }

  @Test
  void aCallIsStreamedInOnePiece() {
    List<Event> events =
        HttpCaller.stream(
            CHAT,
            body(
                answering(CALL),
                "\"tools\": [%s], \"tool_choice\": \"required\", \"stream\": true"
                    .formatted(WEATHER)));
    List<JsonNode> choices =
        events.stream()
            .filter(event -> !event.data().equals("[DONE]"))
            .map(event -> event.json().at("/choices/0"))
            .toList();
    assertThat(choices).hasSize(3);
    assertThat(choices.get(0).at("/delta/role").asText()).isEqualTo("assistant");
    isCall(choices.get(1).at("/delta/tool_calls/0"));
    assertThat(choices.get(1).at("/delta/tool_calls/0/index").isIntegralNumber()).isTrue();
    assertThat(choices.get(2).path("finish_reason").asText()).isEqualTo("tool_calls");
    assertThat(events.getLast().data()).isEqualTo("[DONE]");
  }

  @ParameterizedTest
  @CsvSource({"-0.1, true", "-0.9, false"})
  void theModelDecidesWhetherAndWhich(double likelihood, boolean calls) throws Exception {
    gateway.scored(call -> {
      jobs.add(call.job());
      call.score(likelihood, 0.1, 4);
    });
    JsonNode answer =
        HttpCaller.post(
                CHAT,
                body(
                    call -> {
                      jobs.add(call.job());
                      Structured form = call.job().getRequest().getStructured();
                      call.finish(
                          !calls
                              ? "Sunny."
                              : form.getFunction().isEmpty() ? "{\"name\":\"weather\"}" : CALL);
                    },
                    "\"seed\": 5, \"tools\": [%s, %s]".formatted(TIME, WEATHER)))
            .json();
    GenerationJob score = jobs.take();
    assertThat(score.getScore().getContinuation().getTokenIds().getIdsList())
        .isEqualTo("{\"name\":\"".chars().boxed().toList());
    assertThat(score.getScore().getSeed()).isEqualTo(5);
    // Eight samples decided; the script takes one pass for each answer, and one names the function.
    assertThat(answer.at("/unmask/forward_passes").asInt()).isEqualTo(calls ? 10 : 9);
    assertThat(answer.at("/unmask/denoising_steps").asInt()).isEqualTo(calls ? 2 : 1);
    if (!calls) {
      assertThat(answer.at("/choices/0/message/content").asText()).isEqualTo("Sunny.");
      assertThat(jobs.take().getRequest().hasStructured()).isFalse();
      return;
    }
    isCall(answer.at("/choices/0/message/tool_calls/0"));
    assertThat(jobs.take().getRequest().getStructured().getJsonSchema())
        .contains("\"enum\":[\"time\",\"weather\"]");
    assertThat(jobs.take().getRequest().getStructured().getFunction()).isEqualTo("weather");
  }

  @Test
  void whatAFunctionReturnedIsPartOfTheDialogue() throws Exception {
    String dialogue =
        """
        {"model": "%s", "messages": [
          {"role": "user", "content": "How is it?"},
          {"role": "assistant", "content": null, "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "weather",
             "arguments": "{\\"city\\": \\"Köln\\"}"}},
            {"id": "b", "type": "function", "function": {"name": "time", "arguments": ""}}]},
          {"role": "tool", "tool_call_id": "a", "content": "Rain."},
          {"role": "tool", "tool_call_id": "b", "content": [{"type": "text", "text": "Noon."}]},
          {"role": "assistant", "content": "It rains."},
          {"role": "user", "content": "%s"}]}\
        """
            .formatted(gateway.base, gateway.prompt(answering("Yes.")));
    Answer answer = HttpCaller.post(CHAT, dialogue);
    assertThat(answer.status()).as("%s", answer.json()).isEqualTo(200);
    List<Message> messages = jobs.take().getRequest().getMessages().getMessagesList();
    assertThat(messages)
        .extracting(Message::getRole)
        .containsExactly("user", "assistant", "user", "assistant", "user");
    assertThat(messages.get(1).getContent())
        .isEqualTo(
            "{\"name\":\"weather\",\"arguments\":{\"city\":\"Köln\"}}\n"
                + "{\"name\":\"time\",\"arguments\":{}}");
    assertThat(messages.get(2).getContent())
        .isEqualTo("weather returned: Rain.\ntime returned: Noon.");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"tools\": 3 | tools",
        "\"tools\": [{\"type\": \"function\"}] | tools[0].function",
        "\"tools\": [{\"type\": \"search\"}] | tools[0].type",
        "\"tools\": [{\"type\": \"function\", \"function\": {\"name\": \"a b\"}}]"
            + " | tools[0].function.name",
        "\"tools\": [{\"type\": \"function\", \"function\": {\"name\": \"a\", \"parameters\":"
            + " {\"type\": \"array\", \"items\": {\"type\": \"null\"}}}}]"
            + " | tools[0].function.parameters",
        "\"tool_choice\": \"required\" | tool_choice",
        "\"response_format\": {\"type\": \"json_object\"} | response_format.type",
        "\"response_format\": {\"type\": \"json_schema\"} | response_format.json_schema",
        "\"response_format\": {\"type\": \"json_schema\", \"json_schema\": {\"name\": \"x\"}}"
            + " | response_format.json_schema.schema",
        "\"response_format\": {\"type\": \"json_schema\", \"json_schema\": {\"name\": \"x\","
            + " \"schema\": {\"type\": \"string\", \"pattern\": \"a\"}}}"
            + " | response_format.json_schema.schema",
        "\"response_format\": {\"type\": \"json_schema\", \"json_schema\": {\"name\": \"x\","
            + " \"schema\": {\"type\": \"null\"}}}, \"stop\": \"x\" | stop",
        "\"functions\": [{\"name\": \"a\"}] | functions",
      })
  void whatHasNoLayoutIsRefusedByName(String more, String param) {
    Answer answer = HttpCaller.post(CHAT, body(answering("never"), more));
    assertThat(answer.status()).as("%s", answer.json()).isEqualTo(400);
    assertThat(answer.error().path("param").asText()).isEqualTo(param);
    assertThat(answer.error().path("message").asText()).endsWith(".");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"role\": \"tool\", \"content\": \"x\"} | messages[0].tool_call_id",
        "{\"role\": \"tool\", \"content\": \"x\", \"tool_call_id\": \"z\"}"
            + " | messages[0].tool_call_id",
        "{\"role\": \"user\", \"content\": \"x\", \"tool_call_id\": \"z\"}"
            + " | messages[0].tool_call_id",
        "{\"role\": \"user\", \"content\": \"x\", \"tool_calls\": [{}]} | messages[0].tool_calls",
        "{\"role\": \"assistant\", \"tool_calls\": [{\"id\": \"a\"}]}"
            + " | messages[0].tool_calls[0].function",
        "{\"role\": \"assistant\", \"tool_calls\": [{\"id\": \"a\", \"function\":"
            + " {\"name\": \"f\", \"arguments\": \"x\"}}]}"
            + " | messages[0].tool_calls[0].function.arguments",
      })
  void callsThatFitNothingAreRefused(String message, String param) {
    Answer answer =
        HttpCaller.post(
            CHAT, "{\"model\": \"%s\", \"messages\": [%s]}".formatted(gateway.base, message));
    assertThat(answer.status()).as("%s", answer.json()).isEqualTo(400);
    assertThat(answer.error().path("param").asText()).isEqualTo(param);
  }

  @Test
  void grpcTakesASchemaToo() throws Exception {
    GenerateRequest.Builder request = gateway.request(answering("{}")).toBuilder();
    request.getStructuredBuilder().setJsonSchema(CITY);
    assertThat(gateway.blocking().generate(request.build()).getText()).isEqualTo("{}");
    assertThat(jobs.take().getRequest().getStructured().getJsonSchema()).isEqualTo(CITY);
    request.getStructuredBuilder().setJsonSchema("{\"$ref\": \"#\"}");
    StatusRuntimeException e =
        Assertions.assertThrows(
            StatusRuntimeException.class, () -> gateway.blocking().generate(request.build()));
    assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(e.getStatus().getDescription())
        .isEqualTo(
            "The schema cannot be laid out: at #/$ref the schema refers to itself; a recursive one"
                + " has no fixed layout.");
  }
}
