package dev.unmask.sft;

import dev.unmask.model.transformer.Precision;
import dev.unmask.sft.events.KafkaJobEvents;
import dev.unmask.sft.intake.CommandReader;
import dev.unmask.sft.intake.TakenCommand;
import dev.unmask.sft.job.JobRequest;
import dev.unmask.sft.job.JobRunner;
import dev.unmask.sft.messaging.KafkaSettings;
import dev.unmask.sft.messaging.RecordWriter;
import dev.unmask.sft.messaging.TopicFollower;
import dev.unmask.sft.metrics.MeteredEvents;
import dev.unmask.sft.metrics.SftMeters;
import dev.unmask.sft.publish.ClusterView;
import dev.unmask.sft.publish.KafkaPublication;
import dev.unmask.sft.topicdata.KafkaDialogues;
import dev.unmask.store.Digest;
import dev.unmask.store.FolderStore;
import dev.unmask.v1.FineTuningJob;
import dev.unmask.v1.Hyperparameters;
import dev.unmask.v1.StartFineTune;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Duration;
import org.jboss.logging.Logger;

/**
 * A trainer of the group {@code unmask-trainers}: takes commands one by one and does them on its
 * one training thread. {@link #close} lets the step that runs end, writes the state, and leaves the
 * job to the next owner.
 */
public final class Trainer implements AutoCloseable {

  private static final Logger LOG = Logger.getLogger(Trainer.class);
  private static final Duration PATIENCE = Duration.ofMillis(200);
  private static final Duration AFTER_FAILURE = Duration.ofSeconds(2);
  private static final Duration LEAVING = Duration.ofSeconds(20);

  private final SftMeters meters;
  private final RecordWriter writer;
  private final TopicFollower follower;
  private final CommandReader commands;
  private final JobRunner runner;
  private final Thread thread;
  private volatile boolean closing;

  /**
   * Connects nothing yet; {@link #start} does.
   *
   * @param verifyPatience longest wait for a live sampler's report
   */
  public Trainer(
      KafkaSettings kafka,
      FolderStore store,
      Precision precision,
      Duration verifyPatience,
      SftMeters meters) {
    this.meters = meters;
    this.writer = new RecordWriter(kafka);
    ClusterView view = new ClusterView(Clock.systemUTC());
    this.follower = new TopicFollower(kafka, ClusterView.TOPICS, view::apply);
    this.commands = new CommandReader(kafka);
    this.runner =
        new JobRunner(
            store,
            precision,
            (request, owner) ->
                new MeteredEvents(new KafkaJobEvents(request.id(), owner, writer), meters),
            new KafkaPublication(writer, view, kafka.worker(), verifyPatience),
            new KafkaDialogues(kafka));
    this.thread = Thread.ofPlatform().name("training").unstarted(this::work);
  }

  /** Begins to take commands. */
  public void start() {
    follower.start();
    commands.start();
    thread.start();
  }

  /** Whether commands are read and the cluster is known. */
  public boolean isReady() {
    return commands.isReading() && follower.caughtUp().isDone() && !closing;
  }

  private void work() {
    try {
      // Aliases and workers must be known before the first publication.
      follower.caughtUp().join();
      while (!closing) {
        TakenCommand taken = commands.next(PATIENCE);
        if (taken != null) {
          doOne(taken);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void doOne(TakenCommand taken) throws InterruptedException {
    TakenCommand.State outcome = TakenCommand.State.LEFT;
    meters.running(true);
    try {
      LOG.infof("job=%s event=taken", taken.jobId());
      boolean ended = runner.run(request(taken), () -> closing || taken.isLost());
      outcome = ended ? TakenCommand.State.ENDED : TakenCommand.State.LEFT;
    } catch (IllegalArgumentException e) {
      // The gateway pins digests; a command without one cannot come from it.
      LOG.errorf("job=%s event=skipped reason=\"%s\"", taken.jobId(), e.getMessage());
      outcome = TakenCommand.State.ENDED;
    } catch (IOException | UncheckedIOException e) {
      // Kafka or the disk is away: the job stays where it is until they are back.
      LOG.warnf("job=%s event=left reason=\"%s\"", taken.jobId(), e.getMessage());
      Thread.sleep(AFTER_FAILURE);
    } finally {
      meters.running(false);
      taken.finish(outcome);
    }
  }

  private static JobRequest request(TakenCommand taken) {
    StartFineTune start = taken.start();
    FineTuningJob job = start.getJob();
    Hyperparameters asked = job.getHyperparameters();
    return new JobRequest(
        taken.jobId(),
        job.getTrainingFile(),
        Digest.parse(job.getBaseDigest()),
        job.getSuffix(),
        job.getSeed(),
        asked.hasNEpochs() ? asked.getNEpochs() : null,
        asked.hasBatchSize() ? asked.getBatchSize() : null,
        asked.hasLearningRate() ? asked.getLearningRate() : null,
        asked.hasMaxLength() ? asked.getMaxLength() : null,
        job.getAutoActivate(),
        start.getMaxBadRows());
  }

  @Override
  public void close() {
    closing = true;
    try {
      thread.join(LEAVING);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    commands.close();
    follower.close();
    writer.close();
  }
}
