package dev.unmask.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.unmask.gateway.HttpCaller.Answer;
import dev.unmask.gateway.flow.Created;
import dev.unmask.gateway.flow.Creation;
import dev.unmask.gateway.flow.Creations;
import dev.unmask.gateway.flow.Origin;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.access.Principal;
import dev.unmask.v1.BatchRecord;
import dev.unmask.v1.CreateFineTuningJobRequest;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.FineTuningJob;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import java.net.http.HttpRequest;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Batches and fine-tuning jobs that are asked for again under a key, at two gateways. */
@QuarkusTest
@QuarkusTestResource(GatewayTestResource.class)
class CreationKeysTest {

  private static final String CHAT = "/v1/chat/completions";

  private final TestGateway gateway = TestGateway.shared();

  private static String upload(String purpose, String content) {
    String form =
        "--edge\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\n"
            + purpose
            + "\r\n--edge\r\nContent-Disposition: form-data; name=\"file\";"
            + " filename=\"b.jsonl\"\r\nContent-Type: application/octet-stream\r\n\r\n"
            + content
            + "\r\n--edge--\r\n";
    Answer answer =
        HttpCaller.send(
            HttpCaller.request("/v1/files")
                .header("content-type", "multipart/form-data; boundary=edge")
                .POST(HttpRequest.BodyPublishers.ofString(form)));
    assertThat(answer.status()).as("%s", answer.json()).isEqualTo(200);
    return answer.json().path("id").asText();
  }

  private static Answer post(String path, String key, String body) {
    return HttpCaller.send(HttpCaller.json(path, body).header("idempotency-key", key));
  }

  private static <T> Created<T> got(CompletableFuture<Created<T>> told) throws Exception {
    return told.get(60, TimeUnit.SECONDS);
  }

  private static Origin origin(String key) {
    return new Origin(Principal.LOCAL, key, 0);
  }

  @Test
  void aBatchIsMadeOnceByAllGatewaysTogether() throws Exception {
    String key = "batch-key-" + System.nanoTime();
    String file = upload("batch", "{\"no\": \"request\"}");
    String body = "{\"input_file_id\": \"%s\", \"endpoint\": \"%s\"}".formatted(file, CHAT);
    Answer first = post("/v1/batches", key, body);
    assertThat(first.status()).as("%s", first.json()).isEqualTo(200);
    assertThat(first.header("idempotent-replayed")).isEmpty();
    String id = first.json().path("id").asText();
    Answer again = post("/v1/batches", key, body);
    assertThat(again.json().path("id").asText()).isEqualTo(id);
    assertThat(again.header("idempotent-replayed")).isEqualTo("true");
    Answer other = post("/v1/batches", key, body.replace(CHAT, "/v1/completions"));
    assertThat(other.status()).isEqualTo(409);
    assertThat(other.error().path("param").asText()).isEqualTo("idempotency-key");
    try (SecondGateway second = new SecondGateway(gateway.kafka.bootstrap(), 1 << 20)) {
      Created<BatchRecord> there = got(second.batches.create(file, CHAT, Map.of(), origin(key)));
      assertThat(there.replayed()).isTrue();
      assertThat(there.what().getId()).isEqualTo(id);
      Created<BatchRecord> fresh =
          got(second.batches.create(file, CHAT, Map.of(), origin(key + "-2")));
      assertThat(fresh.replayed()).isFalse();
      assertThat(post("/v1/batches", key + "-2", body).json().path("id").asText())
          .isEqualTo(fresh.what().getId());
    }
  }

  @Test
  void aFineTuningJobIsMadeOnceByAllGatewaysTogether() throws Exception {
    String key = "job-key-" + System.nanoTime();
    String file = upload("fine-tune", "{}");
    String body =
        "{\"training_file\": \"%s\", \"model\": \"%s\", \"seed\": 1}".formatted(file, gateway.base);
    JsonNode first = post("/v1/fine_tuning/jobs", key, body).json();
    String id = first.path("id").asText();
    assertThat(id).as("%s", first).startsWith("ftjob-");
    assertThat(post("/v1/fine_tuning/jobs", key, body).json().path("id").asText()).isEqualTo(id);
    assertThat(post("/v1/fine_tuning/jobs", key, body.replace("1}", "2}")).status()).isEqualTo(409);
    CreateFineTuningJobRequest request =
        CreateFineTuningJobRequest.newBuilder()
            .setTrainingFile(file)
            .setModel(gateway.base)
            .setSeed(1)
            .build();
    try (SecondGateway second = new SecondGateway(gateway.kafka.bootstrap(), 1 << 20)) {
      Created<FineTuningJob> mine = got(second.fineTuning.create(request, origin(key + "-2")));
      assertThat(mine.replayed()).isFalse();
      Created<FineTuningJob> again = got(second.fineTuning.create(request, origin(key + "-2")));
      assertThat(again.replayed()).isTrue();
      assertThat(again.what().getId()).isEqualTo(mine.what().getId());
      // The gateways read the same topic, each at its own pace.
      TestGateway.await(
          "the first gateway knows the second one's job",
          () -> HttpCaller.get("/v1/fine_tuning/jobs/" + mine.what().getId()).status() == 200);
    }
  }

  @Test
  void ofTwoAtOnceTheFirstRecordCounts() throws Exception {
    Creations creations = new Creations();
    Creation mine = new Creation(1, com.google.protobuf.ByteString.copyFromUtf8("a"));
    Creation theirs = new Creation(2, com.google.protobuf.ByteString.copyFromUtf8("a"));
    Creation other = new Creation(3, com.google.protobuf.ByteString.copyFromUtf8("b"));
    CompletableFuture<Created<String>> told = creations.first("id", "key", mine, () -> "it");
    CompletableFuture<Created<String>> refused = creations.first("id", "key", other, () -> "it");
    assertThat(told).isNotDone();
    creations.seen("id", theirs);
    creations.seen("id", mine);
    assertThat(got(told).replayed()).isTrue();
    assertThat(got(creations.first("id", "key", theirs, () -> "it")).replayed()).isFalse();
    assertThatThrownBy(() -> got(refused)).rootCause().isInstanceOf(RefusedException.class);
    Refusal why = Refusal.from(refused.exceptionNow());
    assertThat(why.code()).isEqualTo(ErrorCode.ERROR_CODE_ALREADY_EXISTS);
  }
}
