package dev.unmask.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.unmask.gateway.HttpCaller.Answer;
import dev.unmask.gateway.HttpCaller.Event;
import dev.unmask.testkit.ScriptedCall;
import dev.unmask.testkit.ScriptedSampler;
import dev.unmask.v1.CanvasStep;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.EventDetail;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.GenerationJob;
import dev.unmask.v1.Preset;
import dev.unmask.v1.SlotCommit;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@QuarkusTest
@QuarkusTestResource(GatewayTestResource.class)
class HttpCompletionsTest {

  private static final String CHAT = "/v1/chat/completions";

  private final TestGateway gateway = TestGateway.shared();

  /** A body of a chat that {@code script} answers. */
  private String chat(ScriptedSampler.Script script, String more) {
    return """
    {"model": "%s", "messages": [{"role": "user", "content": "%s"}]%s}\
    """
        .formatted(gateway.base, gateway.prompt(script), more.isEmpty() ? "" : ", " + more);
  }

  private static String content(List<Event> events) {
    StringBuilder text = new StringBuilder();
    for (Event event : events) {
      if (event.name().isEmpty() && !event.data().equals("[DONE]")) {
        text.append(event.json().at("/choices/0/delta/content").asText(""));
      }
    }
    return text.toString();
  }

  @Test
  void aChatIsAnsweredAsOpenAiDoesIt() {
    Answer answer = HttpCaller.post(CHAT, chat(ScriptedSampler.answering("Blue."), ""));
    assertThat(answer.status()).isEqualTo(200);
    JsonNode json = answer.json();
    assertThat(json.path("object").asText()).isEqualTo("chat.completion");
    assertThat(json.path("id").asText()).startsWith("chatcmpl-");
    assertThat(json.path("model").asText()).isEqualTo(gateway.base);
    assertThat(json.at("/choices/0/message/role").asText()).isEqualTo("assistant");
    assertThat(json.at("/choices/0/message/content").asText()).isEqualTo("Blue.");
    assertThat(json.at("/choices/0/finish_reason").asText()).isEqualTo("stop");
    assertThat(json.at("/usage/total_tokens").asInt())
        .isEqualTo(
            json.at("/usage/prompt_tokens").asInt() + json.at("/usage/completion_tokens").asInt());
    assertThat(json.at("/unmask/model_digest").asText()).isEqualTo(gateway.model.digest());
    assertThat(json.at("/unmask/seed").isIntegralNumber()).isTrue();
    assertThat(json.at("/unmask/timing/total_ms").asDouble()).isPositive();
    assertThat(answer.header("x-request-id")).startsWith("req-");
  }

  @Test
  void everythingThatIsAskedReachesTheSampler() throws Exception {
    BlockingQueue<GenerationJob> jobs = new LinkedBlockingQueue<>();
    String body =
        """
        {"model": "%s",
         "messages": [{"role": "developer", "content": "Be brief."},
                      {"role": "user", "content": [{"type": "text", "text": "%s"}]}],
         "max_completion_tokens": 40, "temperature": 0.5, "seed": 7, "stop": ["x", "y"],
         "diffusion": {"preset": "fast", "block_length": 16, "return_canvas": true},
         "deadline_ms": 30000}\
        """
            .formatted(
                gateway.base,
                gateway.prompt(call -> {
                  jobs.add(call.job());
                  call.finish("ok");
                }));
    assertThat(HttpCaller.post(CHAT, body).status()).isEqualTo(200);
    GenerationJob job = jobs.take();
    GenerateRequest request = job.getRequest();
    assertThat(request.getMessages().getMessages(0).getRole()).isEqualTo("system");
    assertThat(request.getSampling().getMaxTokens()).isEqualTo(40);
    assertThat(request.getSampling().getTemperature()).isEqualTo(0.5);
    assertThat(request.getSampling().getSeed()).isEqualTo(7);
    assertThat(request.getSampling().getStopList()).containsExactly("x", "y");
    assertThat(request.getDiffusion().getPreset()).isEqualTo(Preset.PRESET_FAST);
    assertThat(request.getDiffusion().getBlockLength()).isEqualTo(16);
    assertThat(job.getDeadlineAtMs() - job.getAdmittedAtMs()).isEqualTo(30_000);
    assertThat(job.getMinReader()).as("max_tokens needs a sampler that knows it").isEqualTo(3);
  }

  @Test
  void aStreamEndsWithItsUsage() {
    List<Event> events =
        HttpCaller.stream(
            CHAT,
            chat(
                call -> {
                  call.started();
                  call.text(0, "The sky ");
                  call.text(1, "is blue.");
                  call.finish("The sky is blue.");
                },
                "\"stream\": true, \"stream_options\": {\"include_usage\": true}"));
    assertThat(events).extracting(Event::name).containsOnly("");
    assertThat(events.getLast().data()).isEqualTo("[DONE]");
    assertThat(events.getFirst().json().at("/choices/0/delta/role").asText())
        .isEqualTo("assistant");
    assertThat(content(events)).isEqualTo("The sky is blue.");
    JsonNode usage = events.get(events.size() - 2).json();
    assertThat(usage.path("choices")).isEmpty();
    assertThat(usage.at("/usage/prompt_tokens").asInt()).isEqualTo(1);
    JsonNode last = events.get(events.size() - 3).json();
    assertThat(last.at("/choices/0/finish_reason").asText()).isEqualTo("stop");
    assertThat(last.at("/unmask/model_digest").asText()).isEqualTo(gateway.model.digest());
    assertThat(last.path("object").asText()).isEqualTo("chat.completion.chunk");
  }

  @Test
  void theCanvasComesAsEventsOfItsOwnWhenAsked() {
    List<Event> events =
        HttpCaller.stream(
            CHAT,
            chat(
                call -> {
                  call.started();
                  call.emit(
                      GenerationEvent.newBuilder()
                          .setStep(
                              CanvasStep.newBuilder()
                                  .setStep(1)
                                  .setMaskedLeft(3)
                                  .addCommits(SlotCommit.newBuilder().setSlot(2).setText("blue"))));
                  call.text(0, "blue");
                  call.finish("blue");
                },
                "\"stream\": true, \"diffusion\": {\"stream\": \"step\"}"));
    List<JsonNode> frames =
        events.stream().filter(e -> e.name().equals("canvas")).map(Event::json).toList();
    assertThat(frames.getFirst().at("/started/model_digest").asText())
        .isEqualTo(gateway.model.digest());
    assertThat(frames).anyMatch(f -> f.at("/step/commits/0/text").asText().equals("blue"));
    assertThat(content(events)).isEqualTo("blue");
  }

  @Test
  void severalAnswersHaveSeedsThatFollowFromTheFirst() {
    ScriptedSampler.Script script =
        call -> call.finish("seed " + call.job().getRequest().getSampling().getSeed());
    String body = chat(script, "\"n\": 3, \"seed\": 11");
    JsonNode first = HttpCaller.post(CHAT, body).json();
    JsonNode second = HttpCaller.post(CHAT, body).json();
    assertThat(first.path("choices")).hasSize(3);
    assertThat(first.at("/choices/0/message/content").asText()).isEqualTo("seed 11");
    assertThat(first.path("choices").findValuesAsText("content")).doesNotHaveDuplicates();
    assertThat(second.path("choices").findValuesAsText("content"))
        .isEqualTo(first.path("choices").findValuesAsText("content"));
    assertThat(first.at("/usage/completion_tokens").asInt()).isGreaterThan(3);
  }

  @Test
  void completionsTakeTextsAndTokens() {
    String text = gateway.prompt(ScriptedSampler.answering("one"));
    String other = gateway.prompt(ScriptedSampler.answering("two"));
    JsonNode json =
        HttpCaller.post(
                "/v1/completions",
                "{\"model\": \"%s\", \"prompt\": [\"%s\", \"%s\"], \"echo\": false, \"suffix\": null}"
                    .formatted(gateway.base, text, other))
            .json();
    assertThat(json.path("object").asText()).isEqualTo("text_completion");
    assertThat(json.path("choices").findValuesAsText("text")).containsExactly("one", "two");
    List<Event> events =
        HttpCaller.stream(
            "/v1/completions",
            "{\"model\": \"%s\", \"prompt\": \"%s\", \"stream\": true}"
                .formatted(gateway.base, gateway.prompt(ScriptedSampler.answering("three"))));
    StringBuilder all = new StringBuilder();
    events.stream()
        .filter(e -> !e.data().equals("[DONE]"))
        .forEach(e -> all.append(e.json().at("/choices/0/text").asText()));
    assertThat(all.toString()).isEqualTo("three");
  }

  @Test
  void aScoreSaysItsError() {
    String body =
        """
        {"model": "%s", "context": "a", "continuation": "%s", "samples": 8}\
        """
            .formatted(gateway.base, gateway.prompt(call -> call.score(-4, 0.5, 2)));
    JsonNode json = HttpCaller.post("/v1/score", body).json();
    assertThat(json.path("log_likelihood").asDouble()).isEqualTo(-4);
    assertThat(json.path("standard_error").asDouble()).isEqualTo(0.5);
    assertThat(json.path("model_digest").asText()).isEqualTo(gateway.model.digest());
  }

  @Test
  void valuesThatAskForNothingAreAccepted() {
    Answer answer =
        HttpCaller.post(
            CHAT,
            chat(
                ScriptedSampler.answering("ok"),
                """
                "top_p": 1, "frequency_penalty": 0, "presence_penalty": 0.0, "logit_bias": {},
                "n": 1, "user": "me", "logprobs": false, "top_logprobs": null, "tools": [],
                "tool_choice": "none", "response_format": {"type": "text"}, "store": false,
                "metadata": null, "service_tier": "auto", "parallel_tool_calls": true,
                "modalities": ["text"], "safety_identifier": "me", "stream": false,
                "stream_options": null, "diffusion": null\
                """));
    assertThat(answer.status()).as("%s", answer.json()).isEqualTo(200);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"top_p\": 0.9 | 400 | top_p",
        "\"frequency_penalty\": 0.5 | 400 | frequency_penalty",
        "\"logit_bias\": {\"1\": 2} | 400 | logit_bias",
        "\"logprobs\": true | 400 | logprobs",
        "\"n\": 0 | 400 | n",
        "\"n\": 65 | 400 | n",
        "\"n\": 1.5 | 400 | n",
        "\"temperature\": 9 | 400 | temperature",
        "\"temperature\": \"hot\" | 400 | temperature",
        "\"max_tokens\": 0 | 400 | max_tokens",
        "\"max_tokens\": 3, \"max_completion_tokens\": 4 | 400 | max_tokens",
        "\"max_tokens\": 4096 | 400 | max_tokens",
        "\"stop\": [1] | 400 | stop[0]",
        "\"stop\": \"\" | 400 | stop[0]",
        "\"seed\": \"x\" | 400 | seed",
        "\"stream\": \"yes\" | 400 | stream",
        "\"stream_options\": {\"include_usage\": true} | 400 | stream_options",
        "\"diffusion\": {\"stream\": \"step\"} | 400 | diffusion.stream",
        "\"diffusion\": {\"gen_length\": 60, \"block_length\": 16} | 400 | diffusion.gen_length",
        "\"diffusion\": {\"preset\": \"best\"} | 400 | diffusion.preset",
        "\"diffusion\": {\"cache\": 2} | 400 | diffusion.cache",
        "\"diffusion\": {\"colour\": 2} | 400 | diffusion.colour",
        "\"diffusion\": 3 | 400 | diffusion",
        "\"colour\": 1 | 400 | colour",
        "\"best_of\": 2 | 400 | best_of",
      })
  void whatCannotBeHonouredIsRefusedByName(String more, int status, String param) {
    Answer answer = HttpCaller.post(CHAT, chat(ScriptedCall::started, more));
    assertThat(answer.status()).as("%s", answer.json()).isEqualTo(status);
    assertThat(answer.error().path("param").asText()).isEqualTo(param);
    assertThat(answer.error().path("message").asText())
        .contains(param.replaceAll("\\[.*", ""))
        .endsWith(".");
    assertThat(answer.error().path("type").asText())
        .isEqualTo(status == 501 ? "server_error" : "invalid_request_error");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[]",
        "[{\"role\": \"user\"}]",
        "[{\"role\": \"robot\", \"content\": \"x\"}]",
        "[{\"role\": \"user\", \"content\": [{\"type\": \"image_url\"}]}]",
        "[{\"role\": \"user\", \"content\": \"x\", \"colour\": 1}]",
        "[3]",
        "{}",
        "null"
      })
  void aDialogueThatIsNoneIsRefused(String messages) {
    Answer answer =
        HttpCaller.post(
            CHAT, "{\"model\": \"%s\", \"messages\": %s}".formatted(gateway.base, messages));
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.error().path("param").asText()).startsWith("messages");
  }

  @Test
  void aFailureBeforeTheFirstEventHasAStatusAndOneAfterItIsAnEvent() {
    Answer early =
        HttpCaller.post(
            CHAT,
            chat(
                call -> call.fail(ErrorCode.ERROR_CODE_INVALID_ARGUMENT, "It is wrong."),
                "\"stream\": true"));
    assertThat(early.status()).isEqualTo(400);
    assertThat(early.error().path("message").asText()).isEqualTo("It is wrong.");
    List<Event> late =
        HttpCaller.stream(
            CHAT,
            chat(
                call -> {
                  call.started();
                  call.text(0, "So far");
                  call.fail(ErrorCode.ERROR_CODE_INTERNAL, "It broke.");
                },
                "\"stream\": true"));
    assertThat(late.getLast().json().at("/error/message").asText()).isEqualTo("It broke.");
    assertThat(late).noneMatch(e -> e.data().equals("[DONE]"));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aCallerWhoGoesEndsTheWork(boolean stream) throws Exception {
    BlockingQueue<Boolean> heard = new LinkedBlockingQueue<>();
    CountDownLatch begun = new CountDownLatch(1);
    String body =
        chat(
            call -> {
              call.started();
              begun.countDown();
              heard.add(call.awaitCancel(Duration.ofSeconds(10)));
              call.finish("too late");
            },
            "\"stream\": " + stream);
    try (Socket socket = connect(CHAT, body)) {
      assertThat(begun.await(30, TimeUnit.SECONDS)).isTrue();
      assertThat(socket.isConnected()).isTrue();
    }
    assertThat(heard.poll(30, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void aReaderThatStopsDoesNotFillTheMemory() throws Exception {
    // More than the kernel takes for a socket that nobody reads.
    int pieces = 600;
    String piece = "x".repeat(16 * 1024);
    CountDownLatch said = new CountDownLatch(1);
    CountDownLatch finish = new CountDownLatch(1);
    double before = merged();
    String body =
        chat(
            call -> {
              call.started();
              for (int i = 0; i < pieces; i++) {
                call.text(0, piece);
              }
              said.countDown();
              finish.await();
              // The whole text would not fit into one record.
              call.fail(ErrorCode.ERROR_CODE_INTERNAL, "enough");
            },
            "\"stream\": true");
    try (Socket socket = connect(CHAT, body)) {
      assertThat(said.await(60, TimeUnit.SECONDS)).isTrue();
      // Nobody reads: pieces have to melt together. Only then is the socket emptied.
      TestGateway.await("pieces melt", () -> merged() - before > pieces / 4.0);
      finish.countDown();
      String all = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      int frames = all.split("\"delta\":\\{\"content\":\"x", -1).length - 1;
      long characters = all.chars().filter(c -> c == 'x').count();
      assertThat(characters).isBetween((long) pieces * piece.length(), pieces * 16_400L);
      assertThat(frames).as("frames for %d pieces", pieces).isLessThan(pieces * 3 / 4);
      assertThat(all).contains("enough");
    }
  }

  /** Frames of streams of blocks that melted into others, so far. */
  private static double merged() {
    return HttpCaller.text("/q/metrics")
        .lines()
        .filter(line -> line.startsWith("unmask_stream_frames_merged_total"))
        .filter(line -> line.contains("mode=\"block\""))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  @Test
  void theSameKeyGivesTheSameAnswer() {
    String body = chat(call -> call.finish("seed " + call.requestId()), "");
    String key = "key-" + System.nanoTime();
    Answer first = HttpCaller.send(HttpCaller.json(CHAT, body).header("idempotency-key", key));
    Answer again = HttpCaller.send(HttpCaller.json(CHAT, body).header("idempotency-key", key));
    assertThat(again.json()).isEqualTo(first.json());
    assertThat(again.header("idempotent-replayed")).isEqualTo("true");
    Answer other =
        HttpCaller.send(
            HttpCaller.json(CHAT, chat(ScriptedSampler.answering("x"), ""))
                .header("idempotency-key", key));
    assertThat(other.status()).isEqualTo(409);
    assertThat(other.error().path("code").asText()).isEqualTo("already_exists");
  }

  @Test
  void aFailedRequestMayBeTriedAgainUnderItsKey() {
    BlockingQueue<Integer> tries = new LinkedBlockingQueue<>(List.of(1));
    String body =
        chat(
            call -> {
              if (tries.poll() != null) {
                call.fail(ErrorCode.ERROR_CODE_UNAVAILABLE, "Not now.");
              } else {
                call.finish("now");
              }
            },
            "");
    String key = "key-" + System.nanoTime();
    assertThat(HttpCaller.send(HttpCaller.json(CHAT, body).header("idempotency-key", key)).status())
        .isEqualTo(503);
    assertThat(HttpCaller.send(HttpCaller.json(CHAT, body).header("idempotency-key", key)).status())
        .isEqualTo(200);
  }

  @Test
  void theDetailFollowsWhatIsShown() throws Exception {
    BlockingQueue<EventDetail> details = new LinkedBlockingQueue<>();
    ScriptedSampler.Script script =
        call -> {
          details.add(call.job().getEvents());
          call.finish("whole");
        };
    assertThat(HttpCaller.post(CHAT, chat(script, "")).status()).isEqualTo(200);
    assertThat(details.take()).isEqualTo(EventDetail.EVENT_DETAIL_FINAL);
    assertThat(
            content(
                HttpCaller.stream(
                    CHAT,
                    chat(script, "\"stream\": true, \"diffusion\": {\"stream\": \"final\"}"))))
        .isEqualTo("whole");
    assertThat(details.take()).isEqualTo(EventDetail.EVENT_DETAIL_FINAL);
    assertThat(HttpCaller.stream(CHAT, chat(script, "\"stream\": true"))).isNotEmpty();
    assertThat(details.take()).isEqualTo(EventDetail.EVENT_DETAIL_BLOCK);
  }

  private static Socket connect(String path, String body) throws Exception {
    Socket socket = new Socket();
    socket.setReceiveBufferSize(16 * 1024);
    socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), HttpCaller.port()));
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    socket
        .getOutputStream()
        .write(
            """
            POST %s HTTP/1.1\r
            Host: 127.0.0.1\r
            Content-Type: application/json\r
            Connection: close\r
            Content-Length: %d\r
            \r
            """
                .formatted(path, bytes.length)
                .getBytes(StandardCharsets.UTF_8));
    socket.getOutputStream().write(bytes);
    socket.getOutputStream().flush();
    return socket;
  }
}
