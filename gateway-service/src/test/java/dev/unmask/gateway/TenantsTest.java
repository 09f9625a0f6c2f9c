package dev.unmask.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.unmask.gateway.HttpCaller.Answer;
import dev.unmask.proto.Topics;
import dev.unmask.testkit.ScriptedSampler;
import dev.unmask.testkit.TopicLog;
import dev.unmask.v1.AuditRecord;
import dev.unmask.v1.CreateFineTuningJobRequest;
import dev.unmask.v1.FineTuningGrpc;
import dev.unmask.v1.FineTuningJob;
import dev.unmask.v1.GetFineTuningJobRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.net.http.HttpRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/** What is one tenant's is not there for another, and is said so in the same words. */
@QuarkusTest
@QuarkusTestResource(GatewayTestResource.class)
@TestProfile(SecuredProfile.class)
class TenantsTest {

  private static final String NOWHERE = "x-is-nowhere";

  private final TestGateway gateway = TestGateway.shared();

  private static String key(String name) {
    return TestGateway.config("test.key." + name, String.class);
  }

  private static Answer as(String who, HttpRequest.Builder request) {
    return HttpCaller.send(request.header("authorization", "Bearer " + key(who)));
  }

  private static Answer get(String who, String path) {
    return as(who, HttpCaller.request(path));
  }

  private static Answer post(String who, String path, String json) {
    return as(who, HttpCaller.json(path, json));
  }

  private static Answer command(String who, String path) {
    return as(who, HttpCaller.request(path).POST(HttpRequest.BodyPublishers.noBody()));
  }

  private static String upload(String who) {
    String form =
        String.join(
            "\r\n",
            "--b",
            "Content-Disposition: form-data; name=\"purpose\"",
            "",
            "fine-tune",
            "--b",
            "Content-Disposition: form-data; name=\"file\"; filename=\"secret-plan.jsonl\"",
            "",
            "{\"prompt\": \"a\", \"completion\": \"b\"}",
            "--b--",
            "");
    Answer answer =
        as(
            who,
            HttpCaller.request("/v1/files")
                .header("content-type", "multipart/form-data; boundary=b")
                .POST(HttpRequest.BodyPublishers.ofString(form)));
    assertThat(answer.status()).as("%s", answer).isEqualTo(200);
    return answer.json().path("id").asText();
  }

  /** Whatever another tenant's thing answers is what a thing that is nowhere answers. */
  private static void assertNotThere(Answer of, String id, Answer ofNothing) {
    assertThat(of.status()).isEqualTo(404);
    assertThat(ofNothing.status()).isEqualTo(404);
    assertThat(of.json().toString().replace(id, NOWHERE)).isEqualTo(ofNothing.json().toString());
  }

  private static List<String> ids(Answer list) {
    assertThat(list.status()).isEqualTo(200);
    List<String> ids = new ArrayList<>();
    list.json().path("data").forEach(each -> ids.add(each.path("id").asText()));
    return ids;
  }

  @Test
  void filesAreTheirTenants() {
    String file = upload("red");
    assertThat(get("red", "/v1/files/" + file).status()).isEqualTo(200);
    assertThat(ids(get("red", "/v1/files"))).contains(file);
    for (String other : new String[] {"blue", "operator"}) {
      assertThat(ids(get(other, "/v1/files"))).doesNotContain(file);
      for (String behind : new String[] {"", "/content"}) {
        assertNotThere(
            get(other, "/v1/files/" + file + behind),
            file,
            get(other, "/v1/files/" + NOWHERE + behind));
      }
      assertNotThere(
          get(other, "/v1/files?after=" + file), file, get(other, "/v1/files?after=" + NOWHERE));
      assertNotThere(
          as(other, HttpCaller.request("/v1/files/" + file).DELETE()),
          file,
          as(other, HttpCaller.request("/v1/files/" + NOWHERE).DELETE()));
      assertNotThere(
          post(other, "/v1/fine_tuning/jobs", tuning(file, "")),
          file,
          post(other, "/v1/fine_tuning/jobs", tuning(NOWHERE, "")));
    }
    assertThat(as("red", HttpCaller.request("/v1/files/" + file).DELETE()).status()).isEqualTo(200);
  }

  private String tuning(String file, String more) {
    return "{\"model\": \"%s\", \"training_file\": \"%s\"%s}".formatted(gateway.base, file, more);
  }

  @Test
  void fineTuningJobsAreTheirTenantsAndOperatorsSeeThem() {
    String id =
        post("red", "/v1/fine_tuning/jobs", tuning(upload("red"), "")).json().path("id").asText();
    assertThat(ids(get("red", "/v1/fine_tuning/jobs"))).contains(id);
    assertThat(ids(get("blue", "/v1/fine_tuning/jobs"))).doesNotContain(id);
    assertThat(ids(get("operator", "/v1/fine_tuning/jobs"))).contains(id);
    String all = "/v1/fine_tuning/jobs/";
    for (String behind : new String[] {"", "/events", "/checkpoints"}) {
      assertThat(get("red", all + id + behind).status()).isEqualTo(200);
      assertNotThere(get("blue", all + id + behind), id, get("blue", all + NOWHERE + behind));
    }
    for (String change : new String[] {"/cancel", "/pause", "/resume"}) {
      assertNotThere(
          command("blue", all + id + change), id, command("blue", all + NOWHERE + change));
    }
    var blue = FineTuningGrpc.newBlockingStub(TestGateway.as(gateway.channel, key("blue")));
    StatusRuntimeException refused =
        catchThrowableOfType(
            StatusRuntimeException.class,
            () -> blue.get(GetFineTuningJobRequest.newBuilder().setId(id).build()));
    assertThat(refused.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
    assertThat(command("red", all + id + "/cancel").status()).isEqualTo(200);
  }

  @Test
  void whatDecidesForEverybodyIsForOperators() {
    var red = FineTuningGrpc.newBlockingStub(TestGateway.as(gateway.channel, key("red")));
    CreateFineTuningJobRequest request =
        CreateFineTuningJobRequest.newBuilder()
            .setModel(gateway.base)
            .setTrainingFile(upload("red"))
            .setAutoActivate(true)
            .build();
    for (CreateFineTuningJobRequest each :
        List.of(
            request,
            request.toBuilder()
                .setAutoActivate(false)
                .setTrainingFile("topic:" + Topics.DIALOGUES)
                .build())) {
      StatusRuntimeException refused =
          catchThrowableOfType(StatusRuntimeException.class, () -> red.create(each));
      assertThat(refused.getStatus().getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
      assertThat(refused.getStatus().getDescription()).contains("operators");
    }
    FineTuningJob job =
        FineTuningGrpc.newBlockingStub(TestGateway.as(gateway.channel, key("operator")))
            .create(request.toBuilder().setTrainingFile(upload("operator")).build());
    assertThat(job.getTenant()).isEqualTo("operations");
  }

  @Test
  void jobsAreTheirTenantsAndSoAreTheirKeys() {
    String work =
        "{\"generate\": {\"model\": \"%s\", \"prompt\": \"%s\"}}"
            .formatted(gateway.base, gateway.prompt(ScriptedSampler.answering("an answer")));
    Answer asked =
        as("red", HttpCaller.json("/v1/jobs", work).header("idempotency-key", "the-same"));
    assertThat(asked.status()).as("%s", asked).isEqualTo(200);
    String id = asked.json().path("id").asText();
    Answer again =
        as("blue", HttpCaller.json("/v1/jobs", work).header("idempotency-key", "the-same"));
    assertThat(again.json().path("id").asText()).isNotEqualTo(id);
    assertThat(ids(get("blue", "/v1/jobs"))).doesNotContain(id);
    assertThat(ids(get("red", "/v1/jobs"))).contains(id);
    for (String other : new String[] {"blue", "operator"}) {
      assertNotThere(get(other, "/v1/jobs/" + id), id, get(other, "/v1/jobs/" + NOWHERE));
      assertNotThere(
          get(other, "/v1/jobs/" + id + "/events"),
          id,
          get(other, "/v1/jobs/" + NOWHERE + "/events"));
      for (String change : new String[] {"/cancel", "/replay"}) {
        assertNotThere(
            command(other, "/v1/jobs/" + id + change),
            id,
            command(other, "/v1/jobs/" + NOWHERE + change));
      }
    }
  }

  @Test
  void quotasAreTheirTenantsWhateverAHeaderSays() {
    // The tenant "one" may ask once a minute; a header does not make anybody of it.
    for (int i = 0; i < 2; i++) {
      Answer answer =
          as(
              "red",
              HttpCaller.json(
                      "/v1/completions",
                      "{\"model\": \"%s\", \"prompt\": \"%s\"}"
                          .formatted(gateway.base, gateway.prompt(ScriptedSampler.answering("x"))))
                  .header("x-unmask-tenant", "one"));
      assertThat(answer.status()).as("%s", answer).isEqualTo(200);
    }
  }

  @Test
  void whatIsChangedIsToldWithoutAWordOfIt() throws Exception {
    String file = upload("red");
    assertThat(as("blue", HttpCaller.request("/v1/files/" + file).DELETE()).status())
        .isEqualTo(404);
    assertThat(HttpCaller.get("/v1/files").status()).isEqualTo(401);
    try (TopicLog log = gateway.kafka.follow(Topics.AUDIT)) {
      awaitRecord(
          log,
          r ->
              r.getAction().equals("file.upload")
                  && r.getObject().equals(file)
                  && r.getTenant().equals("red")
                  && r.getActor().equals("red")
                  && r.getProof().equals("api_key")
                  && r.getOutcome().equals("ok"));
      awaitRecord(
          log,
          r ->
              r.getAction().equals("file.delete")
                  && r.getObject().equals(file)
                  && r.getTenant().equals("blue")
                  && r.getOutcome().equals("not_found"));
      awaitRecord(log, r -> r.getAction().equals("access.refused") && r.getCount() > 0);
      assertThat(all(log)).noneMatch(r -> r.toString().contains("secret-plan"));
    }
  }

  private static List<AuditRecord> all(TopicLog log) {
    List<AuditRecord> records = new ArrayList<>();
    log.records()
        .forEach(record -> {
          try {
            records.add(AuditRecord.parseFrom(record.value()));
          } catch (com.google.protobuf.InvalidProtocolBufferException e) {
            throw new AssertionError(e);
          }
        });
    return records;
  }

  private static void awaitRecord(TopicLog log, Predicate<AuditRecord> wanted) {
    TestGateway.await("it is told", () -> all(log).stream().anyMatch(wanted));
  }
}
