package dev.unmask.sft;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.proto.Topics;
import dev.unmask.store.Digest;
import dev.unmask.store.FolderStore;
import dev.unmask.store.Manifest;
import dev.unmask.store.StoreException;
import dev.unmask.store.StoredFile;
import dev.unmask.testkit.FakeWorkerBeacon;
import dev.unmask.testkit.KafkaTestResource;
import dev.unmask.testkit.PublishedModel;
import dev.unmask.testkit.TestKafka;
import dev.unmask.testkit.TinyModel;
import dev.unmask.testkit.TopicLog;
import dev.unmask.v1.AliasRecord;
import dev.unmask.v1.CancelFineTune;
import dev.unmask.v1.FineTuneCommand;
import dev.unmask.v1.FineTuneEvent;
import dev.unmask.v1.FineTuneEvent.EventCase;
import dev.unmask.v1.FineTuningJob;
import dev.unmask.v1.Hyperparameters;
import dev.unmask.v1.JobClaimed;
import dev.unmask.v1.JobStatus;
import dev.unmask.v1.LoraMethod;
import dev.unmask.v1.Method;
import dev.unmask.v1.PauseFineTune;
import dev.unmask.v1.ProbeAnswer;
import dev.unmask.v1.RejectedRow;
import dev.unmask.v1.RowsRead;
import dev.unmask.v1.StartFineTune;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.Test;

/** The whole service with a real broker, a real (tiny) model, and a worker that only reports. */
@QuarkusTest
@QuarkusTestResource(KafkaTestResource.class)
@TestProfile(FineTuningServiceTest.Settings.class)
class FineTuningServiceTest {

  private static final Duration PATIENCE = Duration.ofMinutes(2);

  /** A store of its own. */
  public static final class Settings implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
      try {
        return Map.of(
            "unmask.store.root", Files.createTempDirectory("unmask-sft-store").toString(),
            "unmask.precision", "f32",
            "unmask.sft.verify-patience", "20s");
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  @ConfigProperty(name = "unmask.store.root")
  String storeRoot;

  @Inject SftApp app;

  private final TestKafka kafka = TestKafka.shared();

  @Test
  void aJobEndsWithVerifiedWeightsBehindBothAliases() throws Exception {
    String base = kafka.newBase();
    FolderStore store = FolderStore.open(Path.of(storeRoot));
    PublishedModel parent = publish(store, base);
    String job = "ftjob-good";
    try (FakeWorkerBeacon worker = FakeWorkerBeacon.start(kafka, base, "worker-of-" + base);
        TopicLog aliases = kafka.follow(Topics.ALIASES)) {
      List<FineTuneEvent> events =
          run(job, parent, rows(20), start -> start.getJobBuilder().setAutoActivate(true));

      assertThat(last(events).getStatus().getStatus())
          .as(last(events).toString())
          .isEqualTo(JobStatus.JOB_STATUS_SUCCEEDED);
      assertThat(last(events).getStatus().getMessage()).isEmpty();
      assertThat(events.stream().map(FineTuneEvent::getEventCase).distinct())
          .containsExactly(
              EventCase.CLAIMED,
              EventCase.STATUS,
              EventCase.ROWS,
              EventCase.PROBES,
              EventCase.PROGRESS,
              EventCase.SAVED,
              EventCase.PUBLISHED,
              EventCase.ACTIVATED);
      // A claim that is confirmed before a publication is the same event again.
      assertThat(events.stream().filter(FineTuneEvent::hasClaimed).map(FineTuneEvent::getSeq))
          .hasSize(3)
          .containsOnly(events.get(0).getSeq());
      List<FineTuneEvent> others = events.stream().filter(e -> !e.hasClaimed()).toList();
      for (int i = 1; i < others.size(); i++) {
        assertThat(others.get(i).getSeq()).isGreaterThan(others.get(i - 1).getSeq());
      }
      for (FineTuneEvent event : events) {
        for (ProbeAnswer answer : event.getProbes().getAnswersList()) {
          // Every slot of the canvas is committed once, whatever the order.
          assertThat(answer.getTraceList().stream().flatMap(s -> s.getSlotsList().stream()))
              .containsExactlyInAnyOrderElementsOf(IntStream.range(0, 64).boxed().toList());
          assertThat(answer.getTraceList()).allMatch(s -> s.getSlotsCount() == s.getTokensCount());
        }
      }
      FineTuneEvent published = only(events, EventCase.PUBLISHED);
      Digest digest = Digest.parse(published.getPublished().getDigest());
      Manifest manifest = store.readManifest(digest);
      assertThat(manifest.model()).isEqualTo("ft:" + base + ":otter:" + job);
      assertThat(manifest.parentDigest()).isEqualTo(parent.manifest().digest());
      assertThat(manifest.digest()).isNotEqualTo(parent.manifest().digest());
      List<AliasRecord> moves = new ArrayList<>();
      for (var record : aliases.await(3, r -> r.key().contains(base), PATIENCE)) {
        moves.add(AliasRecord.parseFrom(record.value()));
      }
      assertThat(moves.subList(1, 3))
          .allSatisfy(m -> assertThat(m.getDigest()).isEqualTo(digest.toString()));
      assertThat(moves.get(1).getModel()).isEqualTo(manifest.model());
      assertThat(moves.get(2).getModel()).isEqualTo(base);
      assertThat(moves.get(2).getEpoch()).isEqualTo(2);
      assertThat(moves.get(2).getPreviousDigest()).isEqualTo(parent.digest());
    }
  }

  @Test
  void rowsThatAreNoDialoguesAreToldOneByOneAndMayEndTheJob() throws Exception {
    String base = kafka.newBase();
    PublishedModel parent = publish(FolderStore.open(Path.of(storeRoot)), base);
    String file = rows(6) + "not json\n{\"messages\": []}\n";
    try (TopicLog rejected = kafka.follow(Topics.REJECTED_ROWS)) {
      List<FineTuneEvent> events =
          run("ftjob-bad", parent, file, start -> start.setMaxBadRows(0.1));

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
          .containsExactly(
              org.assertj.core.groups.Tuple.tuple(7L, "NOT_JSON"),
              org.assertj.core.groups.Tuple.tuple(8L, "MESSAGES_MISSING"));
      RowsRead read = only(events, EventCase.ROWS).getRows();
      assertThat(read.getReasonsMap()).isEqualTo(Map.of("NOT_JSON", 1L, "MESSAGES_MISSING", 1L));
      FolderStore store = FolderStore.open(Path.of(storeRoot));
      assertThat(new String(store.openFile(read.getReportFile()).readAllBytes(), UTF_8).lines())
          .hasSize(2)
          .allMatch(line -> line.startsWith("{\"file\":\"rows.jsonl\""));
    }
  }

  @Test
  void theDialoguesOfATopicAreADatasetWhoseVersionIsItsOffsets() throws Exception {
    PublishedModel parent = publish(FolderStore.open(Path.of(storeRoot)), kafka.newBase());
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
        run(
            "ftjob-topic",
            parent,
            "",
            start -> start.getJobBuilder().setTrainingFile("topic:" + Topics.DIALOGUES));

    assertThat(last(events).getStatus().getStatus())
        .as(last(events).toString())
        .isEqualTo(JobStatus.JOB_STATUS_SUCCEEDED);
    assertThat(only(events, EventCase.ROWS).getRows().getUsed()).isEqualTo(7);
    Digest digest = Digest.parse(only(events, EventCase.PUBLISHED).getPublished().getDigest());
    Manifest.Training made =
        java.util.Objects.requireNonNull(
            FolderStore.open(Path.of(storeRoot)).readManifest(digest).training());
    assertThat(made.dataset())
        .extracting(Manifest.Dataset::uri)
        .containsExactly("topic:unmask.dialogues?offsets=0:13");
  }

  @Test
  void trainingThatDivergesEndsTheJobWithASentence() throws Exception {
    PublishedModel parent = publish(FolderStore.open(Path.of(storeRoot)), kafka.newBase());
    List<FineTuneEvent> events =
        run(
            "ftjob-nan",
            parent,
            rows(8),
            start -> start.getJobBuilder().getHyperparametersBuilder().setLearningRate(1e30));

    assertThat(last(events).getStatus().getStatus()).isEqualTo(JobStatus.JOB_STATUS_FAILED);
    assertThat(last(events).getStatus().getMessage()).startsWith("Training stopped at step");
    assertThat(events).noneMatch(FineTuneEvent::hasPublished);
  }

  @Test
  void weightsThatASamplerRefusesStayWithoutAnAlias() throws Exception {
    String base = kafka.newBase();
    PublishedModel parent = publish(FolderStore.open(Path.of(storeRoot)), base);
    try (FakeWorkerBeacon worker =
        FakeWorkerBeacon.start(
            kafka, base, "worker-of-" + base, c -> FakeWorkerBeacon.failed("The disk is full."))) {
      List<FineTuneEvent> events = run("ftjob-refused", parent, rows(4), start -> {});

      assertThat(last(events).getStatus().getStatus()).isEqualTo(JobStatus.JOB_STATUS_FAILED);
      assertThat(last(events).getStatus().getMessage())
          .contains("worker-of-" + base)
          .contains("The disk is full.");
      assertThat(events).noneMatch(FineTuneEvent::hasActivated);
    }
  }

  @Test
  void withoutASamplerTheWeightsAreNamedButNotActivated() throws Exception {
    PublishedModel parent = publish(FolderStore.open(Path.of(storeRoot)), kafka.newBase());
    List<FineTuneEvent> events =
        run("ftjob-alone", parent, rows(4), start -> start.getJobBuilder().setAutoActivate(true));

    assertThat(last(events).getStatus().getStatus()).isEqualTo(JobStatus.JOB_STATUS_SUCCEEDED);
    assertThat(last(events).getStatus().getMessage()).contains("No sampler");
    assertThat(events.stream().filter(FineTuneEvent::hasActivated)).hasSize(1);
  }

  @Test
  void aRunningJobIsPausedAndGoesOnFromItsStepAndAnotherIsCancelled() throws Exception {
    PublishedModel parent = publish(FolderStore.open(Path.of(storeRoot)), kafka.newBase());
    String job = "ftjob-pause";
    StartFineTune start = command(job, parent, rows(40), LONG);
    try (TopicLog log = kafka.follow(Topics.FINETUNE_EVENTS);
        KafkaProducer<String, byte[]> producer = kafka.newProducer()) {
      send(producer, job, command -> command.setStart(start));
      long before = awaitStep(log, job, 1);
      send(producer, job, command -> command.setPause(PauseFineTune.getDefaultInstance()));
      awaitStatus(log, job, JobStatus.JOB_STATUS_PAUSED);
      long saved = lastSaved(log, job);
      assertThat(saved).isGreaterThanOrEqualTo(before);

      // The trainer is free: a second job runs and is ended while it runs.
      String second = "ftjob-cancel";
      send(producer, second, command -> command.setStart(command(second, parent, rows(40), LONG)));
      long unused = awaitStep(log, second, 1);
      send(producer, second, command -> command.setCancel(CancelFineTune.getDefaultInstance()));
      awaitStatus(log, second, JobStatus.JOB_STATUS_CANCELLED);
      assertThat(Path.of(storeRoot).resolve("runs").resolve(second)).doesNotExist();

      send(producer, job, command -> command.setResume(start));
      log.await(
          2,
          r -> r.key().equals(job) && is(parse(r.value()), JobStatus.JOB_STATUS_RUNNING),
          PATIENCE);
      List<FineTuneEvent> events = events(log, job);
      FineTuneEvent again =
          events.stream()
              .filter(e -> is(e, JobStatus.JOB_STATUS_RUNNING))
              .reduce((a, b) -> b)
              .orElseThrow();
      assertThat(again.getOwnerEpoch()).isEqualTo(2);
      assertThat(again.getStatus().getMessage()).contains("state of step " + saved);
      var ignored =
          log.await(
              1,
              r ->
                  r.key().equals(job)
                      && parse(r.value()).getOwnerEpoch() == 2
                      && parse(r.value()).hasProgress(),
              PATIENCE);
      assertThat(events(log, job).stream().filter(e -> e.getOwnerEpoch() == 2 && e.hasProgress()))
          .allMatch(e -> e.getProgress().getStep() > saved);
      send(producer, job, command -> command.setCancel(CancelFineTune.getDefaultInstance()));
      awaitStatus(log, job, JobStatus.JOB_STATUS_CANCELLED);
    }
  }

  @Test
  void aJobThatWaitsIsEndedWhileAnotherRuns() throws Exception {
    PublishedModel parent = publish(FolderStore.open(Path.of(storeRoot)), kafka.newBase());
    String busy = "ftjob-busy";
    String waiting = "ftjob-waiting";
    try (TopicLog log = kafka.follow(Topics.FINETUNE_EVENTS);
        KafkaProducer<String, byte[]> producer = kafka.newProducer()) {
      send(producer, busy, command -> command.setStart(command(busy, parent, rows(40), LONG)));
      long unused = awaitStep(log, busy, 1);
      send(
          producer,
          waiting,
          command -> command.setStart(command(waiting, parent, rows(4), s -> {})));
      send(producer, waiting, command -> command.setCancel(CancelFineTune.getDefaultInstance()));
      awaitStatus(log, waiting, JobStatus.JOB_STATUS_CANCELLED);
      assertThat(events(log, busy)).noneMatch(FineTuningServiceTest::isTerminal);
      send(producer, busy, command -> command.setCancel(CancelFineTune.getDefaultInstance()));
      awaitStatus(log, busy, JobStatus.JOB_STATUS_CANCELLED);
    }
  }

  @Test
  void anAdapterIsPublishedMergedAndKeptInItsOwnFiles() throws Exception {
    FolderStore store = FolderStore.open(Path.of(storeRoot));
    PublishedModel parent = publish(store, kafka.newBase());
    List<FineTuneEvent> events =
        run(
            "ftjob-lora",
            parent,
            rows(8),
            start ->
                start
                    .getJobBuilder()
                    .setMethod(Method.newBuilder().setLora(LoraMethod.newBuilder().setRank(2))));

    assertThat(last(events).getStatus().getStatus())
        .as(last(events).toString())
        .isEqualTo(JobStatus.JOB_STATUS_SUCCEEDED);
    Manifest manifest =
        store.readManifest(
            Digest.parse(only(events, EventCase.PUBLISHED).getPublished().getDigest()));
    assertThat(manifest.kind()).isEqualTo(Manifest.Kind.MERGED);
    assertThat(store.files().stream().filter(f -> f.purpose().equals("fine-tune-adapter")))
        .extracting(StoredFile::filename)
        .containsExactlyInAnyOrder("adapter_config.json", "adapter_model.safetensors");
    assertThat(last(events).getStatus().getMessage())
        .contains("adapter_model.safetensors is file-");
  }

  /** Another trainer's claim, as one writes it that took over because this one slept. */
  @Test
  void aTrainerThatLostItsJobIsSilentAndCannotPublish() throws Exception {
    PublishedModel parent = publish(FolderStore.open(Path.of(storeRoot)), kafka.newBase());
    String job = "ftjob-taken";
    try (TopicLog log = kafka.follow(Topics.FINETUNE_EVENTS);
        KafkaProducer<String, byte[]> producer = kafka.newProducer()) {
      send(producer, job, command -> command.setStart(command(job, parent, rows(40), LONG)));
      long unused = awaitStep(log, job, 1);
      FineTuneEvent other =
          FineTuneEvent.newBuilder()
              .setJobId(job)
              .setSeq(1_000_000_000_000L)
              .setOwnerEpoch(1000)
              .setClaimed(JobClaimed.newBuilder().setTrainer("other").setClaim("other/1"))
              .build();
      var unusedSent =
          producer
              .send(new ProducerRecord<>(Topics.FINETUNE_EVENTS, job, other.toByteArray()))
              .get();
      // It left the job; its command comes again, and a new claim is above the other's.
      var unusedClaim =
          log.await(
              1, r -> r.key().equals(job) && parse(r.value()).getOwnerEpoch() == 1001, PATIENCE);
      List<FineTuneEvent> events = events(log, job);
      int taken = events.indexOf(other);
      // At most what was on its way when the claim came.
      assertThat(
              events.subList(taken + 1, events.size()).stream().filter(e -> e.getOwnerEpoch() == 1))
          .noneMatch(e -> e.hasPublished() || e.hasStatus());
      send(producer, job, command -> command.setCancel(CancelFineTune.getDefaultInstance()));
      awaitStatus(log, job, JobStatus.JOB_STATUS_CANCELLED);
    }
  }

  @Test
  void aCommandThatNoTrainerUnderstandsEndsItsJobWithASentence() throws Exception {
    PublishedModel parent = publish(FolderStore.open(Path.of(storeRoot)), kafka.newBase());
    List<FineTuneEvent> events =
        run(
            "ftjob-newer",
            parent,
            rows(4),
            start -> start.getJobBuilder().getHyperparametersBuilder().setScheduleValue(99));
    assertThat(last(events).getStatus().getStatus()).isEqualTo(JobStatus.JOB_STATUS_FAILED);
    assertThat(last(events).getStatus().getMessage()).contains("schedule");
  }

  /** Takes minutes unless it is stopped. */
  private static final Change LONG =
      start -> start.getJobBuilder().getHyperparametersBuilder().setNEpochs(1000).setBatchSize(2);

  private StartFineTune command(String job, PublishedModel parent, String rows, Change change)
      throws StoreException {
    FolderStore store = FolderStore.open(Path.of(storeRoot));
    String file =
        store
            .putFile(
                new ByteArrayInputStream(rows.getBytes(StandardCharsets.UTF_8)),
                "rows.jsonl",
                "fine-tune",
                1 << 20)
            .id();
    StartFineTune.Builder start =
        StartFineTune.newBuilder()
            .setMaxBadRows(0.1)
            .setJob(
                FineTuningJob.newBuilder()
                    .setId(job)
                    .setTrainingFile(file)
                    .setModel(parent.manifest().model())
                    .setBaseDigest(parent.digest())
                    .setSuffix("otter")
                    .setSeed(3)
                    .setHyperparameters(Hyperparameters.newBuilder().setNEpochs(2)));
    change.apply(start);
    return start.build();
  }

  /** Fills a command. */
  private interface Filling {
    FineTuneCommand.Builder apply(FineTuneCommand.Builder command) throws Exception;
  }

  private static void send(KafkaProducer<String, byte[]> producer, String job, Filling filling)
      throws Exception {
    byte[] value =
        filling
            .apply(FineTuneCommand.newBuilder().setMinReader(1).setJobId(job))
            .build()
            .toByteArray();
    var unused = producer.send(new ProducerRecord<>(Topics.FINETUNE_COMMANDS, job, value)).get();
  }

  private static long awaitStep(TopicLog log, String job, long step) throws InterruptedException {
    return log
        .await(
            1,
            r -> r.key().equals(job) && parse(r.value()).getProgress().getStep() >= step,
            PATIENCE)
        .stream()
        .mapToLong(r -> parse(r.value()).getProgress().getStep())
        .max()
        .orElseThrow();
  }

  private static void awaitStatus(TopicLog log, String job, JobStatus status)
      throws InterruptedException {
    var unused = log.await(1, r -> r.key().equals(job) && is(parse(r.value()), status), PATIENCE);
  }

  private static boolean is(FineTuneEvent event, JobStatus status) {
    return event.getStatus().getStatus() == status;
  }

  private static List<FineTuneEvent> events(TopicLog log, String job) {
    return log.values(job).stream().map(FineTuningServiceTest::parse).toList();
  }

  private static long lastSaved(TopicLog log, String job) {
    return events(log, job).stream()
        .filter(FineTuneEvent::hasSaved)
        .mapToLong(e -> e.getSaved().getStep())
        .max()
        .orElseThrow();
  }

  /** Changes a command before it is sent. */
  private interface Change {
    void apply(StartFineTune.Builder start);
  }

  private List<FineTuneEvent> run(String job, PublishedModel parent, String rows, Change change)
      throws Exception {
    StartFineTune start = command(job, parent, rows, change);
    try (TopicLog log = kafka.follow(Topics.FINETUNE_EVENTS);
        KafkaProducer<String, byte[]> producer = kafka.newProducer()) {
      var unused =
          producer
              .send(
                  new ProducerRecord<>(
                      Topics.FINETUNE_COMMANDS,
                      job,
                      FineTuneCommand.newBuilder()
                          .setMinReader(1)
                          .setJobId(job)
                          .setStart(start)
                          .build()
                          .toByteArray()))
              .get();
      log.await(1, r -> r.key().equals(job) && isTerminal(parse(r.value())), PATIENCE);
      return log.values(job).stream().map(FineTuningServiceTest::parse).toList();
    }
  }

  private static boolean isTerminal(FineTuneEvent event) {
    JobStatus status = event.getStatus().getStatus();
    return status == JobStatus.JOB_STATUS_SUCCEEDED || status == JobStatus.JOB_STATUS_FAILED;
  }

  private static FineTuneEvent parse(byte[] value) {
    try {
      return FineTuneEvent.parseFrom(value);
    } catch (com.google.protobuf.InvalidProtocolBufferException e) {
      throw new IllegalStateException(e);
    }
  }

  private PublishedModel publish(FolderStore store, String base) throws IOException {
    return PublishedModel.publish(
        kafka, store, base, TinyModel.small(), Files.createTempDirectory("tiny"));
  }

  private static FineTuneEvent last(List<FineTuneEvent> events) {
    return events.get(events.size() - 1);
  }

  private static FineTuneEvent only(List<FineTuneEvent> events, EventCase kind) {
    List<FineTuneEvent> found = events.stream().filter(e -> e.getEventCase() == kind).toList();
    assertThat(found).hasSize(1);
    return found.get(0);
  }

  private static String rows(int count) {
    StringBuilder rows = new StringBuilder();
    for (int i = 0; i < count; i++) {
      rows.append(
          """
          {"messages": [{"role": "user", "content": "Who is number %d?"}, {"role": "assistant", "content": "An otter."}]}
          """
              .formatted(i));
    }
    return rows.toString();
  }
}
