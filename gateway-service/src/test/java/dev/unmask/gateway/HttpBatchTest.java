package dev.unmask.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.unmask.gateway.HttpCaller.Answer;
import dev.unmask.proto.Topics;
import dev.unmask.testkit.ScriptedSampler;
import dev.unmask.testkit.TopicLog;
import dev.unmask.v1.BatchRecord;
import dev.unmask.v1.BatchStatus;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.GenerationEvent;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

@QuarkusTest
@QuarkusTestResource(GatewayTestResource.class)
class HttpBatchTest {

  private static final String CHAT = "/v1/chat/completions";

  private final TestGateway gateway = TestGateway.shared();

  private String line(String id, ScriptedSampler.Script script, String more) {
    return """
    {"custom_id": "%s", "method": "POST", "url": "%s", "body": {"model": "%s", \
    "messages": [{"role": "user", "content": "%s"}]%s}}
    """
        .formatted(id, CHAT, gateway.base, gateway.prompt(script), more);
  }

  private static final String USUAL = "default";

  private static HttpRequest.Builder as(String tenant, String path) {
    return HttpCaller.request(path).header("x-unmask-tenant", tenant);
  }

  private static String upload(String content) {
    return upload(content, USUAL);
  }

  private static String upload(String content, String tenant) {
    String form =
        "--edge\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n"
            + "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"b.jsonl\"\r\n"
            + "Content-Type: application/octet-stream\r\n\r\n"
            + content
            + "\r\n--edge--\r\n";
    Answer answer =
        HttpCaller.send(
            as(tenant, "/v1/files")
                .header("content-type", "multipart/form-data; boundary=edge")
                .POST(HttpRequest.BodyPublishers.ofString(form)));
    assertThat(answer.status()).as("%s", answer.json()).isEqualTo(200);
    return answer.json().path("id").asText();
  }

  private static Answer create(String file) {
    return HttpCaller.post(
        "/v1/batches",
        """
        {"input_file_id": "%s", "endpoint": "%s", "completion_window": "24h", \
        "metadata": {"who": "me"}}\
        """
            .formatted(file, CHAT));
  }

  private static JsonNode await(String id, String status) {
    return await(id, status, USUAL);
  }

  private static JsonNode await(String id, String status, String tenant) {
    HttpRequest.Builder get = as(tenant, "/v1/batches/" + id);
    TestGateway.await(
        "the batch " + id + " is " + status,
        () -> HttpCaller.send(get).json().path("status").asText().equals(status));
    return HttpCaller.send(get).json();
  }

  private static Map<String, JsonNode> lines(String file) throws Exception {
    return lines(file, USUAL);
  }

  private static Map<String, JsonNode> lines(String file, String tenant) throws Exception {
    try (var client = java.net.http.HttpClient.newHttpClient()) {
      String content =
          client
              .send(
                  as(tenant, "/v1/files/" + file + "/content").build(),
                  java.net.http.HttpResponse.BodyHandlers.ofString())
              .body();
      Map<String, JsonNode> lines = new HashMap<>();
      for (String line : content.lines().toList()) {
        JsonNode json = HttpCaller.JSON.readTree(line);
        lines.put(json.path("custom_id").asText(), json);
      }
      return lines;
    }
  }

  /** What the output line of a request says at {@code pointer}. */
  private static JsonNode at(Map<String, JsonNode> lines, String id, String pointer) {
    return lines.getOrDefault(id, HttpCaller.JSON.missingNode()).at(pointer);
  }

  @Test
  void everyLineIsAnsweredInOneOfTwoFiles() throws Exception {
    StringBuilder input = new StringBuilder();
    for (int i = 0; i < 40; i++) {
      int number = i;
      input.append(line("line-" + i, call -> call.finish("answer " + number), ""));
    }
    input.append(line("two", call -> call.finish("again"), ", \"n\": 2"));
    input.append(line("bad", call -> call.fail(ErrorCode.ERROR_CODE_INTERNAL, "It broke."), ""));
    Answer created = create(upload(input.toString()));
    assertThat(created.status()).as("%s", created.json()).isEqualTo(200);
    assertThat(created.json().path("status").asText()).isEqualTo("validating");
    JsonNode done = await(created.json().path("id").asText(), "completed");
    assertThat(done.at("/request_counts/total").asInt()).isEqualTo(42);
    assertThat(done.at("/request_counts/completed").asInt()).isEqualTo(41);
    assertThat(done.at("/request_counts/failed").asInt()).isEqualTo(1);
    assertThat(done.at("/metadata/who").asText()).isEqualTo("me");
    Map<String, JsonNode> answers = lines(done.path("output_file_id").asText());
    assertThat(answers).hasSize(41);
    assertThat(at(answers, "line-7", "/response/body/choices/0/message/content").asText())
        .isEqualTo("answer 7");
    assertThat(at(answers, "two", "/response/body/choices")).hasSize(2);
    Map<String, JsonNode> errors = lines(done.path("error_file_id").asText());
    assertThat(at(errors, "bad", "/response/status_code").asInt()).isEqualTo(500);
    assertThat(at(errors, "bad", "/response/body/error/message").asText()).isEqualTo("It broke.");
    assertThat(HttpCaller.get("/v1/batches?limit=100").json().path("data").findValuesAsText("id"))
        .contains(done.path("id").asText());
  }

  @Test
  void aFileThatIsWrongRunsNothing() {
    String input =
        line("same", call -> call.finish("x"), "") + line("same", call -> {}, "") + "{\n";
    JsonNode failed = await(create(upload(input)).json().path("id").asText(), "failed");
    assertThat(failed.at("/errors/data/0/line").asInt()).isEqualTo(2);
    assertThat(failed.at("/errors/data/0/param").asText()).isEqualTo("custom_id");
    assertThat(failed.at("/errors/data/1/line").asInt()).isEqualTo(3);
    assertThat(failed.path("output_file_id").isNull()).isTrue();
    assertThat(create("file-none").status()).isEqualTo(404);
    assertThat(
            HttpCaller.post(
                    "/v1/batches", "{\"input_file_id\": \"x\", \"endpoint\": \"/v1/score\"}")
                .error()
                .path("param")
                .asText())
        .isEqualTo("endpoint");
    assertThat(HttpCaller.get("/v1/batches/none").status()).isEqualTo(404);
  }

  /** A line waits while the quota is used up; one that will never be let in fails. */
  @Test
  void aBatchIsChargedToItsTenant() throws Exception {
    String input =
        line("large", call -> call.finish("no"), ", \"diffusion\": {\"gen_length\": 512}")
            + line("small", call -> call.finish("yes"), ", \"diffusion\": {\"gen_length\": 16}");
    Answer created =
        HttpCaller.send(
            HttpCaller.json(
                    "/v1/batches",
                    "{\"input_file_id\": \"%s\", \"endpoint\": \"%s\"}"
                        .formatted(upload(input, "tokens"), CHAT))
                .header("x-unmask-tenant", "tokens"));
    assertThat(created.status()).as("%s", created.json()).isEqualTo(200);
    JsonNode done = await(created.json().path("id").asText(), "completed", "tokens");
    assertThat(done.at("/request_counts/failed").asInt()).isEqualTo(1);
    Map<String, JsonNode> errors = lines(done.path("error_file_id").asText(), "tokens");
    assertThat(at(errors, "large", "/response/status_code").asInt()).isEqualTo(429);
    assertThat(at(errors, "large", "/response/body/error/message").asText())
        .contains("tenant tokens has 300 a minute");
    assertThat(lines(done.path("output_file_id").asText(), "tokens")).containsOnlyKeys("small");
  }

  @Test
  void aCancelledBatchStopsItsWork() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    String input =
        line(
            "slow",
            call -> {
              begun.countDown();
              call.awaitCancel(Duration.ofSeconds(10));
              call.finish("too late");
            },
            "");
    String id = create(upload(input)).json().path("id").asText();
    assertThat(begun.await(60, TimeUnit.SECONDS)).isTrue();
    Answer cancelling =
        HttpCaller.send(
            HttpCaller.request("/v1/batches/" + id + "/cancel")
                .POST(HttpRequest.BodyPublishers.noBody()));
    assertThat(cancelling.json().path("status").asText()).isIn("cancelling", "cancelled");
    JsonNode cancelled = await(id, "cancelled");
    assertThat(cancelled.at("/request_counts/failed").asInt()).isEqualTo(1);
  }

  /**
   * As after the death of the gateway that ran it: the record and one answer are there already.
   * Several times, because it matters which partitions of the results have records since then.
   */
  @RepeatedTest(8)
  void whatWasAnsweredBeforeIsNotAskedAgain() throws Exception {
    AtomicBoolean asked = new AtomicBoolean();
    String input =
        line(
                "first",
                call -> {
                  asked.set(true);
                  call.finish("again");
                },
                "")
            + line("second", call -> call.finish("now"), "");
    String file = upload(input);
    String id = "batch-" + Long.toHexString(System.nanoTime());
    long now = System.currentTimeMillis();
    try (KafkaProducer<String, byte[]> producer = gateway.kafka.newProducer();
        TopicLog batches = gateway.kafka.follow(Topics.BATCHES)) {
      var answer =
          producer.send(
              new ProducerRecord<>(
                  Topics.RESULTS,
                  id + "-0-0",
                  GenerationEvent.newBuilder()
                      .setRequestId(id + "-0-0")
                      .setAttempt(1)
                      .setFinal(
                          GenerateResponse.newBuilder().setText("before").setModel(gateway.base))
                      .build()
                      .toByteArray()));
      answer.get(30, TimeUnit.SECONDS);
      var record =
          producer.send(
              new ProducerRecord<>(
                  Topics.BATCHES,
                  id,
                  BatchRecord.newBuilder()
                      .setMinReader(1)
                      .setId(id)
                      .setEndpoint(CHAT)
                      .setInputFile(file)
                      .setCreatedAtMs(now - 1000)
                      .setExpiresAtMs(now + 60_000)
                      .setStatus(BatchStatus.BATCH_STATUS_IN_PROGRESS)
                      .build()
                      .toByteArray()));
      record.get(30, TimeUnit.SECONDS);
      assertThat(batches.awaitValues(id, 1, TestGateway.PATIENCE)).isNotEmpty();
    }
    JsonNode done = await(id, "completed");
    Map<String, JsonNode> answers = lines(done.path("output_file_id").asText());
    assertThat(at(answers, "first", "/response/body/choices/0/message/content").asText())
        .isEqualTo("before");
    assertThat(at(answers, "second", "/response/body/choices/0/message/content").asText())
        .isEqualTo("now");
    assertThat(asked).as("the answered line was asked again").isFalse();
  }
}
