package dev.unmask.sft;

import static dev.unmask.sft.TestJobs.LONG;
import static dev.unmask.sft.TestJobs.PATIENCE;
import static dev.unmask.sft.TestJobs.awaitStatus;
import static dev.unmask.sft.TestJobs.awaitStep;
import static dev.unmask.sft.TestJobs.events;
import static dev.unmask.sft.TestJobs.is;
import static dev.unmask.sft.TestJobs.lastSaved;
import static dev.unmask.sft.TestJobs.parse;
import static dev.unmask.sft.TestJobs.rows;
import static dev.unmask.sft.TestJobs.send;
import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.broker.BrokerOptions;
import dev.unmask.broker.ClusterTopics;
import dev.unmask.broker.EmbeddedBroker;
import dev.unmask.kafka.KafkaAccess;
import dev.unmask.model.transformer.Precision;
import dev.unmask.proto.Topics;
import dev.unmask.sft.job.QuestionGate;
import dev.unmask.sft.messaging.KafkaSettings;
import dev.unmask.sft.metrics.SftMeters;
import dev.unmask.store.release.GateLimits;
import dev.unmask.testkit.PublishedModel;
import dev.unmask.testkit.TestKafka;
import dev.unmask.testkit.TopicLog;
import dev.unmask.tracing.Tracing;
import dev.unmask.v1.CancelFineTune;
import dev.unmask.v1.FineTuneEvent;
import dev.unmask.v1.JobStatus;
import dev.unmask.v1.PauseFineTune;
import dev.unmask.v1.StartFineTune;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Trainers that come and go, with a broker of their own: what the next one knows it has from the
 * topics and the store alone.
 */
class TrainerRestartTest {

  /** Outside of a service the broker's libraries would tell all they do. */
  private static final List<Logger> LIBRARIES =
      List.of(Logger.getLogger("org.apache.kafka"), Logger.getLogger("kafka"));

  @TempDir Path work;

  @BeforeAll
  static void warningsOnly() {
    LIBRARIES.forEach(library -> library.setLevel(Level.WARNING));
  }

  private Trainer trainer(String bootstrap, TestJobs jobs, String name) throws Exception {
    Trainer trainer =
        new Trainer(
            new KafkaSettings(KafkaAccess.plain(bootstrap), name),
            jobs.store(),
            jobs.store().runs(),
            Precision.F32,
            Duration.ofSeconds(20),
            Duration.ZERO,
            GateLimits.USUAL,
            QuestionGate.open(),
            Optional.empty(),
            new SftMeters(new SimpleMeterRegistry()),
            Tracing.off());
    trainer.start();
    return trainer;
  }

  @Test
  void aNewTrainerKnowsWhatHasEndedWhatIsPausedAndWhereARunStands() throws Exception {
    try (EmbeddedBroker broker =
        EmbeddedBroker.start(new BrokerOptions(work.resolve("kafka"), 0))) {
      var unusedTopics = ClusterTopics.create(broker.bootstrap(), "restarted");
      TestKafka kafka = TestKafka.at(broker.bootstrap());
      TestJobs jobs = new TestJobs(kafka, work.resolve("store"));
      PublishedModel parent = jobs.publish("restarted");
      StartFineTune paused = jobs.command("ftjob-paused", parent, rows(40), LONG);
      try (TopicLog log = kafka.follow(Topics.FINETUNE_EVENTS);
          KafkaProducer<String, byte[]> producer = kafka.newProducer()) {
        try (Trainer first = trainer(broker.bootstrap(), jobs, "first")) {
          send(
              producer,
              "ftjob-failed",
              command ->
                  command.setStart(jobs.command("ftjob-failed", parent, "not json\n", s -> {})));
          awaitStatus(log, "ftjob-failed", JobStatus.JOB_STATUS_FAILED);
          assertThat(work.resolve("store/runs/ftjob-failed")).exists();

          send(producer, "ftjob-paused", command -> command.setStart(paused));
          long unusedStep = awaitStep(log, "ftjob-paused", 1);
          send(
              producer,
              "ftjob-paused",
              command -> command.setPause(PauseFineTune.getDefaultInstance()));
          awaitStatus(log, "ftjob-paused", JobStatus.JOB_STATUS_PAUSED);

          StartFineTune left = jobs.command("ftjob-left", parent, rows(40), LONG);
          send(producer, "ftjob-left", command -> command.setStart(left));
          long unusedLeft = awaitStep(log, "ftjob-left", 1);
        }
        long atFailed = events(log, "ftjob-failed").size();
        long leftAt = lastSaved(log, "ftjob-left");
        long pausedAt = lastSaved(log, "ftjob-paused");

        try (Trainer second = trainer(broker.bootstrap(), jobs, "second")) {
          long unusedStep = awaitStep(log, "ftjob-left", leftAt + 1);
          assertGoesOn(events(log, "ftjob-left"), leftAt);
          assertThat(events(log, "ftjob-failed")).hasSize((int) atFailed);
          assertThat(events(log, "ftjob-paused")).noneMatch(e -> e.getOwnerEpoch() > 1);
          // Kept for no time after its end here, and nobody was told to go on with it.
          assertThat(work.resolve("store/runs/ftjob-failed")).doesNotExist();
          assertThat(work.resolve("store/runs/ftjob-paused")).exists();

          send(
              producer,
              "ftjob-left",
              command -> command.setCancel(CancelFineTune.getDefaultInstance()));
          awaitStatus(log, "ftjob-left", JobStatus.JOB_STATUS_CANCELLED);
          send(producer, "ftjob-paused", command -> command.setResume(paused));
          long unusedAgain = awaitStep(log, "ftjob-paused", pausedAt + 1);
          assertGoesOn(events(log, "ftjob-paused"), pausedAt);
          refusesToGoOnOtherwise(jobs, log, producer, paused);
        }
      }
    }
  }

  private static void assertGoesOn(List<FineTuneEvent> events, long saved) {
    FineTuneEvent again =
        events.stream()
            .filter(e -> e.getOwnerEpoch() == 2 && is(e, JobStatus.JOB_STATUS_RUNNING))
            .findFirst()
            .orElseThrow();
    assertThat(again.getStatus().getMessage()).contains("state of step " + saved);
    assertThat(events.stream().filter(e -> e.getOwnerEpoch() == 2 && e.hasProgress()))
        .isNotEmpty()
        .allMatch(e -> e.getProgress().getStep() > saved)
        .allMatch(e -> e.getProgress().getTokensPerSecond() > 0)
        .allMatch(e -> e.getProgress().getSecondsLeft() > 0);
  }

  /** A command need not come from a gateway, which repeats what the job was asked for with. */
  private static void refusesToGoOnOtherwise(
      TestJobs jobs, TopicLog log, KafkaProducer<String, byte[]> producer, StartFineTune paused)
      throws Exception {
    String job = paused.getJob().getId();
    send(producer, job, command -> command.setPause(PauseFineTune.getDefaultInstance()));
    var unused =
        log.await(
            2,
            r -> r.key().equals(job) && is(parse(r.value()), JobStatus.JOB_STATUS_PAUSED),
            PATIENCE);
    StartFineTune.Builder other = paused.toBuilder();
    other.getJobBuilder().getHyperparametersBuilder().setLearningRate(0.125);
    other.getJobBuilder().setTrainingFile(jobs.upload(rows(41)));
    send(producer, job, command -> command.setResume(other));
    awaitStatus(log, job, JobStatus.JOB_STATUS_FAILED);
    assertThat(events(log, job).getLast().getStatus().getMessage())
        .startsWith("The state of step ")
        .contains("with learning_rate 0.002, where 0.125 is asked for now")
        .contains("with training_file " + paused.getJob().getTrainingFile())
        .endsWith("give that again, or begin a new run.");
  }
}
