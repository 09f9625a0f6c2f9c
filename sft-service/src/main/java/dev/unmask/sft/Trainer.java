package dev.unmask.sft;

import dev.unmask.model.transformer.Precision;
import dev.unmask.sft.events.JobLedger;
import dev.unmask.sft.events.KafkaJobEvents;
import dev.unmask.sft.intake.CommandReader;
import dev.unmask.sft.intake.StartReader;
import dev.unmask.sft.intake.TakenCommand;
import dev.unmask.sft.job.EndedRuns;
import dev.unmask.sft.job.JobRequest;
import dev.unmask.sft.job.JobRunner;
import dev.unmask.sft.job.QuestionGate;
import dev.unmask.sft.messaging.KafkaSettings;
import dev.unmask.sft.messaging.RecordWriter;
import dev.unmask.sft.messaging.TopicFollower;
import dev.unmask.sft.metrics.MeteredEvents;
import dev.unmask.sft.metrics.SftMeters;
import dev.unmask.sft.publish.ClusterView;
import dev.unmask.sft.publish.KafkaPublication;
import dev.unmask.sft.topicdata.KafkaDialogues;
import dev.unmask.sft.tracing.JobTraces;
import dev.unmask.store.ArtifactStore;
import dev.unmask.store.release.GateLimits;
import dev.unmask.store.signing.CheckpointSignatures;
import dev.unmask.store.signing.SigningKey;
import dev.unmask.tracing.Tracing;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * A trainer of the group {@code unmask-trainers}: takes commands one by one and does them on its
 * one training thread. {@link #close} lets the step that runs end, writes the state, and leaves the
 * job to the next owner.
 */
public final class Trainer implements AutoCloseable {

  private static final Logger LOG = Logger.getLogger(Trainer.class);
  private static final Duration PATIENCE = Duration.ofMillis(200);
  private static final Duration AFTER_FAILURE = Duration.ofSeconds(2);
  private static final Duration CLAIMING = Duration.ofSeconds(15);
  private static final Duration LEAVING = Duration.ofSeconds(20);
  private static final Duration CLEANING = Duration.ofMinutes(10);

  private final SftMeters meters;
  private final JobTraces traces;
  private final RecordWriter writer;
  private final TopicFollower follower;
  private final CommandReader commands;
  private final JobRunner runner;
  private final EndedRuns endedRuns;
  private final Thread thread;
  private final Thread settling;
  private final BlockingQueue<String> wished = new LinkedBlockingQueue<>();
  private volatile boolean closing;

  /**
   * Connects nothing yet; {@link #start} does.
   *
   * @param runs folder of the states of jobs
   * @param verifyPatience longest wait for a live sampler's report
   * @param keepEndedRuns how long the run folder of a job that has ended is kept
   * @param gates what new weights may cost before they serve
   * @param questions what they should still know
   * @param signing signs what is published
   * @param tracing closed by whoever made it, after this
   */
  public Trainer(
      KafkaSettings kafka,
      ArtifactStore store,
      Path runs,
      Precision precision,
      Duration verifyPatience,
      Duration keepEndedRuns,
      GateLimits gates,
      QuestionGate questions,
      Optional<SigningKey> signing,
      SftMeters meters,
      Tracing tracing) {
    this.meters = meters;
    this.traces = new JobTraces(tracing);
    this.writer = new RecordWriter(kafka);
    ClusterView view = new ClusterView(Clock.systemUTC());
    JobLedger ledger = new JobLedger(writer, kafka.worker(), CLAIMING, wished::add);
    Set<String> topics = new HashSet<>(ClusterView.TOPICS);
    topics.addAll(JobLedger.TOPICS);
    this.follower =
        new TopicFollower(
            kafka,
            topics,
            ((Consumer<ConsumerRecord<@Nullable String, byte @Nullable []>>) view::apply)
                .andThen(ledger::apply));
    this.endedRuns = new EndedRuns(runs, ledger, keepEndedRuns, Clock.systemUTC());
    this.commands = new CommandReader(kafka, meters::rebalanced);
    this.runner =
        new JobRunner(
            store,
            runs,
            precision,
            (job, claim) ->
                traces.over(job, new MeteredEvents(new KafkaJobEvents(job, claim, writer), meters)),
            new KafkaPublication(
                writer,
                view,
                kafka.worker(),
                verifyPatience,
                gates,
                manifest -> {
                  if (signing.isPresent()) {
                    CheckpointSignatures.sign(store, manifest, signing.get());
                  }
                },
                traces::traceparent),
            new KafkaDialogues(kafka),
            questions,
            ledger);
    this.thread = Thread.ofPlatform().name("training").unstarted(this::work);
    this.settling = Thread.ofPlatform().daemon().name("settling").unstarted(this::settleWaiting);
  }

  /** Begins to take commands. */
  public void start() {
    follower.start();
    commands.start();
    thread.start();
    settling.start();
  }

  /** Whether commands are read and the cluster is known. */
  public boolean isReady() {
    return commands.isReading() && follower.caughtUp().isDone() && !closing;
  }

  /** What keeps the trainer from Kafka, in words that give nothing away. */
  public Optional<String> trouble() {
    return commands.trouble().or(follower::trouble);
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
    traces.taken(taken.jobId(), taken.traceparent());
    try {
      LOG.infof("job=%s event=taken", taken.jobId());
      boolean ended = run(taken);
      outcome = ended ? TakenCommand.State.ENDED : TakenCommand.State.LEFT;
      if (!ended && !closing && !taken.isLost()) {
        // Another trainer has it, perhaps only to end it.
        Thread.sleep(AFTER_FAILURE);
      }
    } catch (IOException | UncheckedIOException e) {
      // Kafka or the disk is away: the job stays where it is until they are back.
      LOG.warnf("job=%s event=left reason=\"%s\"", taken.jobId(), e.getMessage());
      Thread.sleep(AFTER_FAILURE);
    } finally {
      meters.running(false);
      traces.left(taken.jobId());
      taken.finish(outcome);
    }
  }

  private boolean run(TakenCommand taken) throws IOException {
    JobRequest request;
    try {
      request = StartReader.request(taken.jobId(), taken.start());
    } catch (IllegalArgumentException e) {
      LOG.errorf("job=%s event=refused reason=\"%s\"", taken.jobId(), e.getMessage());
      runner.refuse(taken.jobId(), String.valueOf(e.getMessage()));
      return true;
    }
    return runner.run(request, () -> closing || taken.isLost());
  }

  /**
   * Ends or puts aside jobs that wait for a trainer while this one is busy with another, and now
   * and then cleans up after those that have ended.
   */
  private void settleWaiting() {
    try {
      follower.caughtUp().join();
      long cleaned = Long.MIN_VALUE;
      while (!closing) {
        if (cleaned == Long.MIN_VALUE || System.nanoTime() - cleaned > CLEANING.toNanos()) {
          removeEndedRuns();
          cleaned = System.nanoTime();
        }
        String job = wished.poll(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        if (job != null) {
          settle(job);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void removeEndedRuns() {
    try {
      List<String> removed = endedRuns.remove();
      if (!removed.isEmpty()) {
        LOG.infof("event=ended-runs-removed count=%d", removed.size());
      }
    } catch (IOException e) {
      LOG.warnf("event=ended-runs-stay reason=\"%s\"", e.getMessage());
    }
  }

  private void settle(String job) {
    try {
      if (runner.settle(job)) {
        LOG.infof("job=%s event=settled", job);
      }
    } catch (IOException | UncheckedIOException e) {
      // Whoever meets the job in the queue does it.
      LOG.warnf("job=%s event=not-settled reason=\"%s\"", job, e.getMessage());
    }
  }

  @Override
  public void close() {
    closing = true;
    try {
      thread.join(LEAVING);
      settling.join(LEAVING);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    commands.close();
    follower.close();
    writer.close();
  }
}
