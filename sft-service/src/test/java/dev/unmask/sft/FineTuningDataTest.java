package dev.unmask.sft;

import static dev.unmask.sft.TestJobs.PATIENCE;
import static dev.unmask.sft.TestJobs.last;
import static dev.unmask.sft.TestJobs.lines;
import static dev.unmask.sft.TestJobs.only;
import static dev.unmask.sft.TestJobs.rows;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.unmask.proto.Topics;
import dev.unmask.store.Manifest;
import dev.unmask.store.StoredFile;
import dev.unmask.testkit.KafkaTestResource;
import dev.unmask.testkit.PublishedModel;
import dev.unmask.testkit.TestKafka;
import dev.unmask.testkit.TopicLog;
import dev.unmask.v1.Evaluation;
import dev.unmask.v1.FineTuneEvent;
import dev.unmask.v1.FineTuneEvent.EventCase;
import dev.unmask.v1.JobStatus;
import dev.unmask.v1.LoraMethod;
import dev.unmask.v1.PreferenceMethod;
import dev.unmask.v1.RejectedRow;
import dev.unmask.v1.RowsRead;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The whole service on rows of every kind: what it learns from, and what it refuses. */
@QuarkusTest
@QuarkusTestResource(KafkaTestResource.class)
@TestProfile(TestJobs.Settings.class)
class FineTuningDataTest {

  /** Windows that the texts fill without a rest. */
  private static final TestJobs.Change IN_WINDOWS =
      start -> start.getJobBuilder().getHyperparametersBuilder().setMaxLength(48);

  @ConfigProperty(name = "unmask.store.root")
  String storeRoot;

  @ConfigProperty(name = "test.key.metrics")
  String scraper;

  @ConfigProperty(name = "test.key.user")
  String caller;

  @TestHTTPResource("/")
  URI port;

  private final TestKafka kafka = TestKafka.shared();

  private TestJobs jobs;

  @BeforeEach
  void open() {
    jobs = new TestJobs(kafka, Path.of(storeRoot));
  }

  @Test
  void withKeysThePortShowsNothingButHealthToWhoeverHasNone() throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      assertThat(get(client, "/q/health/live", "").statusCode()).isEqualTo(200);
      for (String path : List.of("/metrics", "/q/metrics", "/q/info", "/", "/q/health/../info")) {
        HttpResponse<String> without = get(client, path, "");
        assertThat(without.statusCode()).as(path).isEqualTo(401);
        assertThat(without.body()).startsWith("This port wants a key").hasLineCount(1);
        assertThat(without.headers().firstValue("www-authenticate")).isPresent();
        assertThat(get(client, path, "unmask-nonsense").statusCode()).as(path).isEqualTo(401);
        assertThat(get(client, path, caller).statusCode()).as(path).isEqualTo(403);
      }
      assertThat(get(client, "/metrics", scraper).body()).contains("unmask_");
      assertThat(get(client, "/q/info", scraper).statusCode()).isEqualTo(404);
    }
  }

  private HttpResponse<String> get(HttpClient client, String path, String key) throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(port.toString().replaceAll("/$", "") + path));
    if (!key.isEmpty()) {
      request.header("authorization", "Bearer " + key);
    }
    return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  @Test
  void rowsThatAreNoDialoguesAreToldOneByOneAndMayEndTheJob() throws Exception {
    String base = kafka.newBase();
    PublishedModel parent = jobs.publish(base);
    String file = rows(6) + "not json\n{\"messages\": []}\n";
    try (TopicLog rejected = kafka.follow(Topics.REJECTED_ROWS)) {
      List<FineTuneEvent> events =
          jobs.run("ftjob-bad", parent, file, start -> start.setMaxBadRows(0.1));

      assertThat(last(events).getStatus().getStatus()).isEqualTo(JobStatus.JOB_STATUS_FAILED);
      assertThat(last(events).getStatus().getMessage())
          .startsWith("2 of 8 rows cannot be used")
          .contains("rows.jsonl:7");
      List<RejectedRow> told = new ArrayList<>();
      for (byte[] value : rejected.awaitValues("ftjob-bad", 2, PATIENCE)) {
        told.add(RejectedRow.parseFrom(value));
      }
      assertThat(told)
          .extracting(RejectedRow::getLine, RejectedRow::getReasonCode)
          .containsExactly(tuple(7L, "NOT_JSON"), tuple(8L, "MESSAGES_MISSING"));
      RowsRead read = only(events, EventCase.ROWS).getRows();
      assertThat(read.getReasonsMap()).isEqualTo(Map.of("NOT_JSON", 1L, "MESSAGES_MISSING", 1L));
      assertThat(
              new String(jobs.store().openFile(read.getReportFile()).readAllBytes(), UTF_8).lines())
          .hasSize(2)
          .allMatch(line -> line.startsWith("{\"file\":\"rows.jsonl\""));
    }
  }

  @Test
  void eachKindOfBadRowHasItsReasonOnTheTopicAndInTheJobsEvents() throws Exception {
    PublishedModel parent = jobs.publish(kafka.newBase());
    String row =
        """
        {"id": "%s", "messages": [{"role": "%s", "content": "Hi"}, {"role": "assistant", "content": "%s"}]}
        """;
    String bad =
        row.formatted("a", "robot", "Hello!")
            + row.formatted("b", "user", "")
            + row.formatted("c", "user", "far too long ".repeat(1000))
            + row.formatted("d", "user", "Hello!")
            + row.formatted("d", "user", "Hello again!")
            + row.formatted("e", "user", "caf?");
    byte[] file = bad.getBytes(UTF_8);
    file[bad.indexOf('?')] = (byte) 0xE9; // Latin-1's é, which is no UTF-8.
    String id = jobs.upload(file);
    try (TopicLog rejected = kafka.follow(Topics.REJECTED_ROWS)) {
      List<FineTuneEvent> events =
          jobs.run("ftjob-kinds", parent, "", start -> start.getJobBuilder().setTrainingFile(id));

      assertThat(last(events).getStatus().getStatus()).isEqualTo(JobStatus.JOB_STATUS_FAILED);
      assertThat(last(events).getStatus().getMessage())
          .startsWith("5 of 6 rows cannot be used")
          .contains("rows.jsonl:1");
      List<RejectedRow> told = new ArrayList<>();
      for (byte[] value : rejected.awaitValues("ftjob-kinds", 5, PATIENCE)) {
        told.add(RejectedRow.parseFrom(value));
      }
      assertThat(told)
          .extracting(RejectedRow::getLine, RejectedRow::getReasonCode, RejectedRow::getPointer)
          .containsExactlyInAnyOrder(
              tuple(1L, "ROLE_UNKNOWN", "/messages/0/role"),
              tuple(2L, "ANSWER_EMPTY", "/messages/1/content"),
              tuple(3L, "TOO_MANY_TOKENS", "/messages"),
              tuple(5L, "DUPLICATE_ID", "/id"),
              tuple(6L, "NOT_UTF8", ""));
      assertThat(told).allSatisfy(one -> assertThat(one.getExcerpt()).isNotEmpty());
      assertThat(only(events, EventCase.ROWS).getRows().getReasonsMap()).hasSize(5);
    }
  }

  @Test
  void aDatasetOfNoRowsEndsTheJobWithASentence() throws Exception {
    List<FineTuneEvent> events =
        jobs.run("ftjob-empty", jobs.publish(kafka.newBase()), "\n\n", start -> {});

    assertThat(last(events).getStatus().getStatus()).isEqualTo(JobStatus.JOB_STATUS_FAILED);
    assertThat(last(events).getStatus().getMessage()).contains("rows.jsonl").contains("no row");
  }

  @Test
  void theDialoguesOfATopicAreADatasetWhoseVersionIsItsOffsets() throws Exception {
    PublishedModel parent = jobs.publish(kafka.newBase());
    try (KafkaProducer<String, byte[]> producer = kafka.newProducer()) {
      List<String> rows = rows(12).lines().toList();
      for (int i = 0; i < 12; i++) {
        byte[] value = rows.get(i).getBytes(UTF_8);
        var unused =
            producer.send(new ProducerRecord<>(Topics.DIALOGUES, "chat " + i % 8, value)).get();
      }
      var unused = producer.send(new ProducerRecord<>(Topics.DIALOGUES, "chat 7", null)).get();
    }
    List<FineTuneEvent> events =
        jobs.run(
            "ftjob-topic",
            parent,
            "",
            start -> start.getJobBuilder().setTrainingFile("topic:" + Topics.DIALOGUES));

    assertThat(last(events).getStatus().getStatus())
        .as(last(events).toString())
        .isEqualTo(JobStatus.JOB_STATUS_SUCCEEDED);
    assertThat(only(events, EventCase.ROWS).getRows().getUsed()).isEqualTo(7);
    Manifest.Training made = Objects.requireNonNull(jobs.published(events).training());
    assertThat(made.dataset())
        .extracting(Manifest.Dataset::uri)
        .containsExactly("topic:unmask.dialogues?offsets=0:13");
  }

  @Test
  void aModelWithoutAChatTemplateLearnsTextsAndIsAskedNothing() throws Exception {
    PublishedModel parent = jobs.publishBase(kafka.newBase());
    List<FineTuneEvent> events = jobs.run("ftjob-text", parent, texts(), IN_WINDOWS);

    assertThat(last(events).getStatus().getStatus())
        .as(last(events).toString())
        .isEqualTo(JobStatus.JOB_STATUS_SUCCEEDED);
    RowsRead read = only(events, EventCase.ROWS).getRows();
    assertThat(read.getUsed()).isEqualTo(20);
    assertThat(read.getSamples()).isEqualTo(10);
    assertThat(events.stream().filter(FineTuneEvent::hasProbes))
        .hasSize(2)
        .allMatch(e -> e.getProbes().getAnswersCount() == 0);
    Manifest made = jobs.published(events);
    assertThat(made.chatTemplateDigest()).isNull();
    // Two passes over windows that are full, so nothing is padded.
    assertThat(Objects.requireNonNull(made.training()).tokensSeen()).isEqualTo(2 * 20 * 24);
    assertThat(made.metrics()).containsKey("train_loss");
  }

  @Test
  void aModelWithoutAChatTemplateCannotBeAskedProbes() throws Exception {
    PublishedModel parent = jobs.publishBase(kafka.newBase());
    List<FineTuneEvent> events =
        jobs.run(
            "ftjob-text-probed",
            parent,
            texts(),
            start -> {
              IN_WINDOWS.apply(start);
              start.getJobBuilder().addProbes("Who swims?");
            });

    assertThat(last(events).getStatus().getStatus()).isEqualTo(JobStatus.JOB_STATUS_FAILED);
    assertThat(last(events).getStatus().getMessage())
        .isEqualTo(
            "The model "
                + parent.manifest().model()
                + " has no chat template, so the probes cannot be asked; leave them out.");
    assertThat(events).noneMatch(e -> e.hasProbes() || e.hasProgress() || e.hasPublished());
  }

  @Test
  void preferencesAreLearnedByAnAdapterThatIsPublishedMerged() throws Exception {
    PublishedModel parent = jobs.publish(kafka.newBase());
    String pairs =
        lines(
            8,
            """
            {"prompt": "Who is number %d?", "chosen": "An otter.", "rejected": "A lamp."}
            """);
    LoraMethod.Builder lora =
        LoraMethod.newBuilder().setRank(2).addTargets("q_proj").setMerge(true);
    PreferenceMethod.Builder preference = PreferenceMethod.newBuilder().setSamples(2).setLora(lora);
    List<StoredFile> before = jobs.adapters();
    List<FineTuneEvent> events =
        jobs.run(
            "ftjob-preference",
            parent,
            pairs,
            start -> {
              start.getJobBuilder().getMethodBuilder().setPreference(preference);
              start.getJobBuilder().getHyperparametersBuilder().setValidationShare(0.25);
            });

    assertThat(last(events).getStatus().getStatus())
        .as(last(events).toString())
        .isEqualTo(JobStatus.JOB_STATUS_SUCCEEDED);
    RowsRead read = only(events, EventCase.ROWS).getRows();
    assertThat(read.getUsed()).isEqualTo(8);
    assertThat(read.getSamples()).isEqualTo(16);
    List<FineTuneEvent> judged = events.stream().filter(FineTuneEvent::hasEvaluation).toList();
    assertThat(judged.getFirst().getEvaluation().hasRanking()).isFalse();
    assertThat(judged.getLast().getEvaluation().getRanking().getPairs()).isEqualTo(2);
    assertThat(judged.getLast().getEvaluation().getRanking().getLoss()).isBetween(0.01, 5.0);
    assertThat(events.stream().filter(FineTuneEvent::hasProgress))
        .allSatisfy(event -> assertThat(event.getProgress().getRanking().getPairs()).isPositive());
    assertThat(jobs.published(events).kind()).isEqualTo(Manifest.Kind.MERGED);
    List<StoredFile> adapter =
        jobs.adapters().stream().filter(file -> !before.contains(file)).toList();
    assertThat(adapter)
        .extracting(StoredFile::filename)
        .containsExactlyInAnyOrder("adapter_config.json", "adapter_model.safetensors");
    assertThat(adapter)
        .allSatisfy(file ->
            assertThat(last(events).getStatus().getMessage())
                .contains(file.filename() + " is " + file.id()));
  }

  @Test
  void theManifestNamesTheStepOfTheBestWeightsWhenTheyArePutBack() throws Exception {
    PublishedModel parent = jobs.publish(kafka.newBase());
    // The file to be judged on has other answers, so that the more it learns the worse it gets.
    String judges = jobs.upload(rows(8, "~~~~ 7777 ~~~~"));
    List<FineTuneEvent> events =
        jobs.run(
            "ftjob-best",
            parent,
            rows(8),
            start ->
                start
                    .getJobBuilder()
                    .setValidationFile(judges)
                    .getHyperparametersBuilder()
                    .setNEpochs(12)
                    .setBatchSize(4)
                    .setEvalSteps(3)
                    .setLearningRate(1e-2));

    assertThat(last(events).getStatus().getStatus())
        .as(last(events).toString())
        .isEqualTo(JobStatus.JOB_STATUS_SUCCEEDED);
    List<Evaluation> told =
        events.stream()
            .filter(FineTuneEvent::hasEvaluation)
            .map(FineTuneEvent::getEvaluation)
            .toList();
    Evaluation end = told.getLast();
    Evaluation best = told.stream().filter(Evaluation::getBest).reduce((a, b) -> b).orElseThrow();
    assertThat(end.getStep()).isEqualTo(24);
    assertThat(best.getStep()).isLessThan(end.getStep());
    assertThat(best.getBoundPerAnswerToken()).isLessThan(end.getBoundPerAnswerToken());
    Manifest made = jobs.published(events);
    assertThat(made.metrics())
        .containsEntry("best_step", (double) best.getStep())
        .containsEntry("bound_per_answer_token", best.getBoundPerAnswerToken());
    assertThat(Objects.requireNonNull(made.training()).step()).isEqualTo(best.getStep());
    assertThat(only(events, EventCase.PUBLISHED).getPublished().getStep())
        .isEqualTo(best.getStep());
  }

  /** 20 texts of 23 tokens and an end each. */
  private static String texts() {
    return lines(
        20,
        """
        {"text": "Otter number %02d is wet."}
        """);
  }
}
