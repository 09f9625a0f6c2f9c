package dev.unmask.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.unmask.gateway.HttpCaller.Answer;
import dev.unmask.proto.Topics;
import dev.unmask.store.Digest;
import dev.unmask.testkit.TopicLog;
import dev.unmask.v1.CheckpointPublished;
import dev.unmask.v1.FineTuneCommand;
import dev.unmask.v1.FineTuneEvent;
import dev.unmask.v1.FineTuningJob;
import dev.unmask.v1.JobClaimed;
import dev.unmask.v1.JobStatus;
import dev.unmask.v1.JobStatusChanged;
import dev.unmask.v1.TrainingProgress;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;

@QuarkusTest
@QuarkusTestResource(GatewayTestResource.class)
class HttpFilesAndJobsTest {

  private static final String JOBS = "/v1/fine_tuning/jobs";

  private final TestGateway gateway = TestGateway.shared();

  private static String part(String name, String more, String content) {
    return "--edge\r\nContent-Disposition: form-data; name=\""
        + name
        + "\""
        + more
        + "\r\n\r\n"
        + content
        + "\r\n";
  }

  private static String file(String content) {
    return part(
        "file", "; filename=\"rows.jsonl\"\r\nContent-Type: application/octet-stream", content);
  }

  private static Answer upload(String... parts) {
    return HttpCaller.send(
        HttpCaller.request("/v1/files")
            .header("content-type", "multipart/form-data; boundary=edge")
            .POST(HttpRequest.BodyPublishers.ofString(String.join("", parts) + "--edge--\r\n")));
  }

  private static Answer command(String path) {
    return HttpCaller.send(HttpCaller.request(path).POST(HttpRequest.BodyPublishers.noBody()));
  }

  private static Answer delete(String path) {
    return HttpCaller.send(HttpCaller.request(path).DELETE());
  }

  @Test
  void aFileLivesAndDies() throws Exception {
    String content = "{\"messages\": []}\n".repeat(20_000);
    // The purpose may come behind the content, as some clients send it.
    Answer stored = upload(file(content), part("purpose", "", "fine-tune"));
    assertThat(stored.status()).as("%s", stored.json()).isEqualTo(200);
    JsonNode file = stored.json();
    String id = file.path("id").asText();
    assertThat(file.path("object").asText()).isEqualTo("file");
    assertThat(file.path("bytes").asInt()).isEqualTo(content.length());
    assertThat(file.path("filename").asText()).isEqualTo("rows.jsonl");
    assertThat(file.path("purpose").asText()).isEqualTo("fine-tune");
    assertThat(file.at("/unmask/digest").asText())
        .isEqualTo(Digest.of(content.getBytes(StandardCharsets.UTF_8)).toString());
    assertThat(HttpCaller.get("/v1/files/" + id).json()).isEqualTo(file);
    JsonNode list = HttpCaller.get("/v1/files?limit=100&purpose=fine-tune").json();
    assertThat(list.path("data").findValuesAsText("id")).contains(id);
    try (var client = java.net.http.HttpClient.newHttpClient()) {
      var bytes =
          client.send(
              HttpCaller.request("/v1/files/" + id + "/content").build(),
              java.net.http.HttpResponse.BodyHandlers.ofString());
      assertThat(bytes.body()).isEqualTo(content);
    }
    assertThat(delete("/v1/files/" + id).json().path("deleted").asBoolean()).isTrue();
    assertThat(HttpCaller.get("/v1/files/" + id).status()).isEqualTo(404);
    assertThat(HttpCaller.get("/v1/files/" + id + "/content").status()).isEqualTo(404);
    assertThat(delete("/v1/files/" + id).status()).isEqualTo(404);
  }

  @Test
  void aBadUploadIsRefused() {
    assertThat(upload(file("x")).error().path("param").asText()).isEqualTo("purpose");
    assertThat(upload(part("purpose", "", "fine-tune")).error().path("param").asText())
        .isEqualTo("file");
    assertThat(upload(file("x"), part("purpose", "", "vision")).error().path("param").asText())
        .isEqualTo("purpose");
    assertThat(
            upload(file("x"), part("purpose", "", "fine-tune"), part("colour", "", "red"))
                .error()
                .path("param")
                .asText())
        .isEqualTo("colour");
    assertThat(
            upload(
                    file("x".repeat(GatewayTestResource.MAX_UPLOAD + 1)),
                    part("purpose", "", "fine-tune"))
                .status())
        .isIn(400, 413);
    assertThat(HttpCaller.get("/v1/files?limit=0").status()).isEqualTo(400);
    assertThat(HttpCaller.get("/v1/files?limit=101").status()).isEqualTo(400);
    assertThat(HttpCaller.get("/v1/files?after=file-none").status()).isEqualTo(404);
  }

  @Test
  void aJobHasOpenAisLife() throws Exception {
    String file = upload(part("purpose", "", "fine-tune"), file("{}\n")).json().path("id").asText();
    String body =
        """
        {"model": "%s", "training_file": "%s", "suffix": "birds", "seed": 3,
         "method": {"type": "supervised", "supervised": {"hyperparameters":
             {"n_epochs": 2, "batch_size": "auto", "learning_rate_multiplier": "auto"}}},
         "unmask": {"hyperparameters": {"learning_rate": 0.001, "schedule": "cosine"},
                    "method": {"lora": {"rank": 4}}, "max_bad_rows": 0.5}}\
        """
            .formatted(gateway.base, file);
    try (TopicLog commands = gateway.kafka.follow(Topics.FINETUNE_COMMANDS)) {
      Answer created = HttpCaller.post(JOBS, body);
      assertThat(created.status()).as("%s", created.json()).isEqualTo(200);
      JsonNode job = created.json();
      String id = job.path("id").asText();
      assertThat(job.path("object").asText()).isEqualTo("fine_tuning.job");
      assertThat(job.path("status").asText()).isEqualTo("queued");
      assertThat(job.at("/method/supervised/hyperparameters/n_epochs").asInt()).isEqualTo(2);
      assertThat(job.path("finished_at").isNull()).isTrue();
      FineTuningJob asked =
          FineTuneCommand.parseFrom(commands.awaitValues(id, 1, TestGateway.PATIENCE).getFirst())
              .getStart()
              .getJob();
      assertThat(asked.getHyperparameters().getNEpochs()).isEqualTo(2);
      assertThat(asked.getHyperparameters().getLearningRate()).isEqualTo(0.001);
      assertThat(asked.getMethod().getLora().getRank()).isEqualTo(4);
      assertThat(HttpCaller.get(JOBS + "/" + id).json().path("id").asText()).isEqualTo(id);
      assertThat(HttpCaller.get(JOBS + "?limit=100").json().path("data").findValuesAsText("id"))
          .contains(id);
      assertThat(command(JOBS + "/" + id + "/resume").status()).isEqualTo(412);
      assertThat(command(JOBS + "/" + id + "/pause").status()).isEqualTo(200);
      trained(id);
      TestGateway.await(
          "the job has succeeded",
          () -> HttpCaller.get(JOBS + "/" + id).json().path("status").asText().equals("succeeded"));
      JsonNode done = HttpCaller.get(JOBS + "/" + id).json();
      assertThat(done.path("fine_tuned_model").asText()).isEqualTo("ft:birds");
      assertThat(done.path("trained_tokens").asInt()).isEqualTo(640);
      assertThat(done.path("finished_at").asLong()).isPositive();
      JsonNode events = HttpCaller.get(JOBS + "/" + id + "/events?limit=2").json();
      assertThat(events.path("has_more").asBoolean()).isTrue();
      assertThat(events.at("/data/0/message").asText()).isEqualTo("The job is succeeded");
      JsonNode older =
          HttpCaller.get(JOBS + "/" + id + "/events?after=" + events.at("/data/1/id").asText())
              .json();
      assertThat(older.path("data").findValuesAsText("type")).contains("metrics");
      JsonNode checkpoints = HttpCaller.get(JOBS + "/" + id + "/checkpoints").json();
      assertThat(checkpoints.at("/data/0/step_number").asInt()).isEqualTo(5);
      assertThat(command(JOBS + "/" + id + "/pause").status()).isEqualTo(412);
      assertThat(command(JOBS + "/" + id + "/cancel").json().path("status").asText())
          .isEqualTo("succeeded");
    }
  }

  /** What a trainer would say. */
  private void trained(String id) {
    try (KafkaProducer<String, byte[]> producer = gateway.kafka.newProducer()) {
      int seq = 0;
      say(
          producer,
          id,
          seq++,
          FineTuneEvent.newBuilder().setClaimed(JobClaimed.newBuilder().setTrainer("t")));
      say(
          producer,
          id,
          seq++,
          FineTuneEvent.newBuilder()
              .setProgress(
                  TrainingProgress.newBuilder().setStep(5).setTotalSteps(5).setTokens(640)));
      say(
          producer,
          id,
          seq++,
          FineTuneEvent.newBuilder()
              .setPublished(
                  CheckpointPublished.newBuilder()
                      .setModel("ft:birds")
                      .setDigest("sha256:" + "0".repeat(64))
                      .setStep(5)));
      say(
          producer,
          id,
          seq,
          FineTuneEvent.newBuilder()
              .setStatus(JobStatusChanged.newBuilder().setStatus(JobStatus.JOB_STATUS_SUCCEEDED)));
    }
  }

  private static void say(
      KafkaProducer<String, byte[]> producer, String id, int seq, FineTuneEvent.Builder event) {
    var unused =
        producer.send(
            new ProducerRecord<>(
                Topics.FINETUNE_EVENTS,
                id,
                event
                    .setJobId(id)
                    .setSeq(seq)
                    .setAtMs(System.currentTimeMillis())
                    .setOwnerEpoch(1)
                    .build()
                    .toByteArray()));
    producer.flush();
  }

  @Test
  void aBadJobIsRefusedByName() {
    String head = "{\"model\": \"%s\", \"training_file\": \"file-none\"".formatted(gateway.base);
    assertThat(HttpCaller.post(JOBS, head + "}").status()).isEqualTo(404);
    assertThat(refused(head + ", \"suffix\": \"A B\"}")).isEqualTo("suffix");
    assertThat(refused(head + ", \"integrations\": [1]}")).isEqualTo("integrations");
    assertThat(refused(head + ", \"hyperparameters\": {\"n_epochs\": 0}}"))
        .isEqualTo("hyperparameters.n_epochs");
    assertThat(refused(head + ", \"hyperparameters\": {\"learning_rate_multiplier\": 2}}"))
        .isEqualTo("hyperparameters.learning_rate_multiplier");
    assertThat(refused(head + ", \"unmask\": {\"colour\": 1}}")).isEqualTo("unmask.colour");
    Answer method = HttpCaller.post(JOBS, head + ", \"method\": {\"type\": \"reinforcement\"}}");
    assertThat(method.status()).isEqualTo(501);
    assertThat(HttpCaller.get(JOBS + "/none").status()).isEqualTo(404);
    assertThat(HttpCaller.get(JOBS + "/none/events").status()).isEqualTo(404);
    assertThat(command(JOBS + "/none/cancel").status()).isEqualTo(404);
  }

  private static String refused(String body) {
    Answer answer = HttpCaller.post(JOBS, body);
    assertThat(answer.status()).as("%s", answer.json()).isEqualTo(400);
    return answer.error().path("param").asText();
  }
}
