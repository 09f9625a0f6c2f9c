package dev.unmask.sft;

import static dev.unmask.sft.TestJobs.LONG;
import static dev.unmask.sft.TestJobs.PATIENCE;
import static dev.unmask.sft.TestJobs.awaitStatus;
import static dev.unmask.sft.TestJobs.awaitStep;
import static dev.unmask.sft.TestJobs.events;
import static dev.unmask.sft.TestJobs.is;
import static dev.unmask.sft.TestJobs.last;
import static dev.unmask.sft.TestJobs.lastSaved;
import static dev.unmask.sft.TestJobs.only;
import static dev.unmask.sft.TestJobs.parse;
import static dev.unmask.sft.TestJobs.rows;
import static dev.unmask.sft.TestJobs.send;
import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.proto.Topics;
import dev.unmask.store.Digest;
import dev.unmask.store.FolderStore;
import dev.unmask.store.Manifest;
import dev.unmask.store.ManifestFile;
import dev.unmask.store.StoredFile;
import dev.unmask.testkit.FakeWorkerBeacon;
import dev.unmask.testkit.KafkaTestResource;
import dev.unmask.testkit.PublishedModel;
import dev.unmask.testkit.TestKafka;
import dev.unmask.testkit.TopicLog;
import dev.unmask.v1.AliasRecord;
import dev.unmask.v1.CancelFineTune;
import dev.unmask.v1.FineTuneEvent;
import dev.unmask.v1.FineTuneEvent.EventCase;
import dev.unmask.v1.JobClaimed;
import dev.unmask.v1.JobStatus;
import dev.unmask.v1.LoraMethod;
import dev.unmask.v1.Method;
import dev.unmask.v1.ModelMeasurements;
import dev.unmask.v1.PauseFineTune;
import dev.unmask.v1.ProbeAnswer;
import dev.unmask.v1.PromptTuningMethod;
import dev.unmask.v1.StartFineTune;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The whole service with a real broker, a real (tiny) model, and a worker that only reports. */
@QuarkusTest
@QuarkusTestResource(KafkaTestResource.class)
@TestProfile(TestJobs.Settings.class)
class FineTuningServiceTest {

  @ConfigProperty(name = "unmask.store.root")
  String storeRoot;

  private final TestKafka kafka = TestKafka.shared();

  private TestJobs jobs;

  @BeforeEach
  void open() {
    jobs = new TestJobs(kafka, Path.of(storeRoot));
  }

  @Test
  void aJobEndsWithVerifiedWeightsBehindBothAliases() throws Exception {
    String base = kafka.newBase();
    FolderStore store = jobs.store();
    PublishedModel parent = jobs.publish(base);
    String job = "ftjob-good";
    try (FakeWorkerBeacon worker = FakeWorkerBeacon.start(kafka, base, "worker-of-" + base);
        TopicLog aliases = kafka.follow(Topics.ALIASES)) {
      List<FineTuneEvent> events =
          jobs.run(job, parent, rows(20), start -> start.getJobBuilder().setAutoActivate(true));

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
  void trainingThatDivergesEndsTheJobWithASentence() throws Exception {
    PublishedModel parent = jobs.publish(kafka.newBase());
    List<FineTuneEvent> events =
        jobs.run(
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
    PublishedModel parent = jobs.publish(base);
    try (FakeWorkerBeacon worker =
        FakeWorkerBeacon.start(
            kafka, base, "worker-of-" + base, c -> FakeWorkerBeacon.failed("The disk is full."))) {
      List<FineTuneEvent> events = jobs.run("ftjob-refused", parent, rows(4), start -> {});

      assertThat(last(events).getStatus().getStatus()).isEqualTo(JobStatus.JOB_STATUS_FAILED);
      assertThat(last(events).getStatus().getMessage())
          .contains("worker-of-" + base)
          .contains("The disk is full.");
      assertThat(events).noneMatch(FineTuneEvent::hasActivated);
    }
  }

  @Test
  void aGateThatIsNotPassedLeavesTheBaseWhereItIsAndSaysTheNumbers() throws Exception {
    String base = kafka.newBase();
    PublishedModel parent = jobs.publish(base);
    ModelMeasurements measured =
        ModelMeasurements.newBuilder()
            .setProbeNll(9.5)
            .setProbes(3)
            .setStepMs(1)
            .setReferenceDigest(parent.digest())
            .setReferenceProbeNll(1)
            .setReferenceStepMs(1)
            .build();
    try (FakeWorkerBeacon worker =
        FakeWorkerBeacon.start(
            kafka,
            base,
            "worker-of-" + base,
            c -> FakeWorkerBeacon.verified("fine").setMeasured(measured))) {
      List<FineTuneEvent> events =
          jobs.run(
              "ftjob-gated", parent, rows(4), start -> start.getJobBuilder().setAutoActivate(true));

      assertThat(last(events).getStatus().getStatus()).isEqualTo(JobStatus.JOB_STATUS_SUCCEEDED);
      assertThat(last(events).getStatus().getMessage())
          .contains(base + "@default stays")
          .contains("worker-of-" + base + ": the probes cost 9.500 nats", "at most 5.000");
      assertThat(events.stream().filter(FineTuneEvent::hasActivated))
          .singleElement()
          .satisfies(
              e -> assertThat(e.getActivated().getModel()).as("its own name").startsWith("ft:"));
    }
  }

  @Test
  void theFirstOfTwoPublishersMovesTheBaseAndTheOtherHearsWhoItWas() throws Exception {
    String base = kafka.newBase();
    PublishedModel parent = jobs.publish(base);
    PublishedModel other = jobs.publish(kafka.newBase());
    try (KafkaProducer<String, byte[]> producer = kafka.newProducer();
        FakeWorkerBeacon worker =
            FakeWorkerBeacon.start(
                kafka,
                base,
                "worker-of-" + base,
                c -> {
                  if (!c.getDigest().equals(parent.digest())) {
                    // While this worker verifies, somebody else moves the base.
                    rival(producer, base, other.aliasRecord(2, parent.digest()));
                  }
                  return FakeWorkerBeacon.verified("fine");
                })) {
      List<FineTuneEvent> events =
          jobs.run(
              "ftjob-second",
              parent,
              rows(4),
              start -> start.getJobBuilder().setAutoActivate(true));

      assertThat(last(events).getStatus().getStatus()).isEqualTo(JobStatus.JOB_STATUS_SUCCEEDED);
      assertThat(last(events).getStatus().getMessage())
          .contains("somebody-else", other.digest(), "epoch 2");
      assertThat(events.stream().filter(FineTuneEvent::hasActivated)).hasSize(1);
    }
  }

  @Test
  void withoutASamplerTheWeightsAreNamedButNotActivated() throws Exception {
    PublishedModel parent = jobs.publish(kafka.newBase());
    List<FineTuneEvent> events =
        jobs.run(
            "ftjob-alone", parent, rows(4), start -> start.getJobBuilder().setAutoActivate(true));

    assertThat(last(events).getStatus().getStatus()).isEqualTo(JobStatus.JOB_STATUS_SUCCEEDED);
    assertThat(last(events).getStatus().getMessage()).contains("No sampler");
    assertThat(events.stream().filter(FineTuneEvent::hasActivated)).hasSize(1);
  }

  @Test
  void aRunningJobIsPausedAndGoesOnFromItsStepAndAnotherIsCancelled() throws Exception {
    PublishedModel parent = jobs.publish(kafka.newBase());
    String job = "ftjob-pause";
    StartFineTune start = jobs.command(job, parent, rows(40), LONG);
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
      send(
          producer,
          second,
          command -> command.setStart(jobs.command(second, parent, rows(40), LONG)));
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
    PublishedModel parent = jobs.publish(kafka.newBase());
    String busy = "ftjob-busy";
    String waiting = "ftjob-waiting";
    try (TopicLog log = kafka.follow(Topics.FINETUNE_EVENTS);
        KafkaProducer<String, byte[]> producer = kafka.newProducer()) {
      send(producer, busy, command -> command.setStart(jobs.command(busy, parent, rows(40), LONG)));
      long unused = awaitStep(log, busy, 1);
      send(
          producer,
          waiting,
          command -> command.setStart(jobs.command(waiting, parent, rows(4), s -> {})));
      send(producer, waiting, command -> command.setCancel(CancelFineTune.getDefaultInstance()));
      awaitStatus(log, waiting, JobStatus.JOB_STATUS_CANCELLED);
      assertThat(events(log, busy)).noneMatch(TestJobs::isTerminal);
      send(producer, busy, command -> command.setCancel(CancelFineTune.getDefaultInstance()));
      awaitStatus(log, busy, JobStatus.JOB_STATUS_CANCELLED);
    }
  }

  @Test
  void anAdapterIsPublishedByItselfBesideItsBase() throws Exception {
    PublishedModel parent = jobs.publish(kafka.newBase());
    List<StoredFile> before = jobs.adapters();
    List<FineTuneEvent> events =
        jobs.run(
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
    Manifest manifest = jobs.published(events);
    assertThat(manifest.kind()).isEqualTo(Manifest.Kind.LORA);
    assertThat(manifest.baseDigest()).isEqualTo(parent.manifest().digest());
    assertThat(manifest.files())
        .extracting(ManifestFile::path)
        .containsExactly("adapter_config.json", "adapter_model.safetensors");
    assertThat(jobs.adapters())
        .filteredOn(file -> !before.contains(file))
        .extracting(StoredFile::filename)
        .containsExactlyInAnyOrder("adapter_config.json", "adapter_model.safetensors");
    assertThat(last(events).getStatus().getMessage())
        .contains("adapter_model.safetensors is file-");
  }

  @Test
  void virtualTokensArePublishedBesideTheirBase() throws Exception {
    PublishedModel parent = jobs.publish(kafka.newBase());
    List<FineTuneEvent> events =
        jobs.run(
            "ftjob-prompt",
            parent,
            rows(8),
            start ->
                start
                    .getJobBuilder()
                    .setMethod(
                        Method.newBuilder()
                            .setPromptTuning(PromptTuningMethod.newBuilder().setVirtualTokens(3))));

    assertThat(last(events).getStatus().getStatus())
        .as(last(events).toString())
        .isEqualTo(JobStatus.JOB_STATUS_SUCCEEDED);
    Manifest manifest = jobs.published(events);
    assertThat(manifest.kind()).isEqualTo(Manifest.Kind.PROMPT_TUNING);
    assertThat(manifest.baseDigest()).isEqualTo(parent.manifest().digest());
  }

  @Test
  void onAnAdapterAnotherOneIsTrainedAndPublishedMerged() throws Exception {
    PublishedModel parent = jobs.publish(kafka.newBase());
    LoraMethod small = LoraMethod.newBuilder().setRank(2).addTargets("v_proj").build();
    List<FineTuneEvent> first =
        jobs.run(
            "ftjob-beneath",
            parent,
            rows(4),
            start -> start.getJobBuilder().getMethodBuilder().setLora(small));
    Manifest adapter = jobs.published(first);
    List<FineTuneEvent> second =
        jobs.run(
            "ftjob-above",
            new PublishedModel(adapter, parent.folder()),
            rows(4),
            start -> start.getJobBuilder().getMethodBuilder().setLora(small));

    assertThat(last(second).getStatus().getStatus())
        .as(last(second).toString())
        .isEqualTo(JobStatus.JOB_STATUS_SUCCEEDED);
    Manifest manifest = jobs.published(second);
    assertThat(manifest.kind()).isEqualTo(Manifest.Kind.MERGED);
    assertThat(manifest.parentDigest()).isEqualTo(adapter.digest());
  }

  /** Another trainer's claim, as one writes it that took over because this one slept. */
  @Test
  void aTrainerThatLostItsJobIsSilentAndCannotPublish() throws Exception {
    PublishedModel parent = jobs.publish(kafka.newBase());
    String job = "ftjob-taken";
    try (TopicLog log = kafka.follow(Topics.FINETUNE_EVENTS);
        KafkaProducer<String, byte[]> producer = kafka.newProducer()) {
      send(producer, job, command -> command.setStart(jobs.command(job, parent, rows(40), LONG)));
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
    PublishedModel parent = jobs.publish(kafka.newBase());
    List<FineTuneEvent> events =
        jobs.run(
            "ftjob-newer",
            parent,
            rows(4),
            start -> start.getJobBuilder().getHyperparametersBuilder().setScheduleValue(99));
    assertThat(last(events).getStatus().getStatus()).isEqualTo(JobStatus.JOB_STATUS_FAILED);
    assertThat(last(events).getStatus().getMessage()).contains("schedule");
  }

  private static void rival(
      KafkaProducer<String, byte[]> producer, String base, AliasRecord moved) {
    byte[] value = moved.toBuilder().setModel(base).setActor("somebody-else").build().toByteArray();
    var unused = producer.send(new ProducerRecord<>(Topics.ALIASES, base + "/default", value));
    producer.flush();
  }
}
