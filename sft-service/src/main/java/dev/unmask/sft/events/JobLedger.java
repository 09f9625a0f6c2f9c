package dev.unmask.sft.events;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.unmask.proto.Topics;
import dev.unmask.sft.job.Claim;
import dev.unmask.sft.job.JobAbandonedException;
import dev.unmask.sft.job.JobDesk;
import dev.unmask.sft.messaging.RecordWriter;
import dev.unmask.v1.FineTuneCommand;
import dev.unmask.v1.FineTuneEvent;
import dev.unmask.v1.JobClaimed;
import dev.unmask.v1.JobStatus;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The fold of all commands and events of fine-tuning jobs, which is all that is known of a job
 * besides its files. One thread applies records; every other method is for any thread.
 *
 * <p>A claim is a record among the job's events. The first one of an epoch stands; events of an
 * earlier epoch that come after it count for nobody.
 */
public final class JobLedger implements JobDesk {

  /** The topics that {@link #apply} wants. */
  public static final Set<String> TOPICS = Set.of(Topics.FINETUNE_COMMANDS, Topics.FINETUNE_EVENTS);

  private static final Logger LOG = Logger.getLogger(JobLedger.class);

  private static final class Story {
    private Phase phase = Phase.QUEUED;
    private Wish wish = Wish.RUN;
    private long epoch;
    private String claim = "";
    private Standing beforeClaim = new Standing(Phase.QUEUED, 0);
    private long savedStep;

    /** Unix milliseconds, by the clock of the trainer that said so. */
    private long endedAtMs;

    /** How often the standing claim was seen. */
    private long echoes;

    private Standing standing() {
      return new Standing(phase, savedStep);
    }
  }

  private final RecordWriter writer;
  private final String trainer;
  private final Duration patience;
  private final Consumer<String> wished;
  private final Map<String, Story> stories = new HashMap<>();

  /**
   * @param trainer who claims
   * @param patience longest wait for a claim to come back
   * @param wished hears of each job that was asked to pause or end, on the applying thread
   */
  public JobLedger(
      RecordWriter writer, String trainer, Duration patience, Consumer<String> wished) {
    this.writer = writer;
    this.trainer = trainer;
    this.patience = patience;
    this.wished = wished;
  }

  /** Folds one record; malformed ones and those of other topics are left out. */
  public void apply(ConsumerRecord<@Nullable String, byte @Nullable []> found) {
    byte[] value = found.value();
    if (value == null) {
      return;
    }
    try {
      if (found.topic().equals(Topics.FINETUNE_EVENTS)) {
        apply(FineTuneEvent.parseFrom(value));
      } else if (found.topic().equals(Topics.FINETUNE_COMMANDS)) {
        apply(FineTuneCommand.parseFrom(value));
      }
    } catch (InvalidProtocolBufferException e) {
      LOG.warnf(
          "topic=%s partition=%d offset=%d event=malformed",
          found.topic(), found.partition(), found.offset());
    }
  }

  private void apply(FineTuneCommand command) {
    Wish wish =
        switch (command.getCommandCase()) {
          case START, RESUME -> Wish.RUN;
          case PAUSE -> Wish.PAUSE;
          case CANCEL -> Wish.CANCEL;
          case COMMAND_NOT_SET -> null;
        };
    if (wish == null) {
      return;
    }
    synchronized (this) {
      Story story = story(command.getJobId());
      // Nothing follows a cancel.
      story.wish = story.wish == Wish.CANCEL ? Wish.CANCEL : wish;
    }
    if (wish != Wish.RUN) {
      wished.accept(command.getJobId());
    }
  }

  private synchronized void apply(FineTuneEvent event) {
    Story story = story(event.getJobId());
    if (event.getOwnerEpoch() < story.epoch) {
      return;
    }
    switch (event.getEventCase()) {
      case CLAIMED -> claimed(story, event.getOwnerEpoch(), event.getClaimed());
      case STATUS -> status(story, event);
      case SAVED -> story.savedStep = event.getSaved().getStep();
      case CREATED, ROWS, PROGRESS, PROBES, PUBLISHED, ACTIVATED, EVALUATION, EVENT_NOT_SET -> {}
    }
    notifyAll();
  }

  private static void status(Story story, FineTuneEvent event) {
    if (story.phase == Phase.ENDED) {
      return;
    }
    story.phase = phase(event.getStatus().getStatus());
    if (story.phase == Phase.ENDED) {
      story.endedAtMs = event.getAtMs();
    }
  }

  private static void claimed(Story story, long epoch, JobClaimed claimed) {
    if (epoch > story.epoch) {
      story.beforeClaim = story.standing();
      story.epoch = epoch;
      story.claim = claimed.getClaim();
      story.echoes = 1;
    } else if (story.claim.equals(claimed.getClaim())) {
      story.echoes++;
    }
  }

  private static Phase phase(JobStatus status) {
    return switch (status) {
      case JOB_STATUS_QUEUED, JOB_STATUS_UNSPECIFIED, UNRECOGNIZED -> Phase.QUEUED;
      case JOB_STATUS_VALIDATING_FILES, JOB_STATUS_RUNNING -> Phase.TAKEN;
      case JOB_STATUS_PAUSED -> Phase.PAUSED;
      case JOB_STATUS_SUCCEEDED, JOB_STATUS_FAILED, JOB_STATUS_CANCELLED -> Phase.ENDED;
    };
  }

  private Story story(String jobId) {
    return stories.computeIfAbsent(jobId, id -> new Story());
  }

  @Override
  public synchronized Standing standing(String jobId) {
    return story(jobId).standing();
  }

  @Override
  public synchronized Optional<Instant> endedAt(String jobId) {
    Story story = stories.get(jobId);
    return story == null || story.phase != Phase.ENDED
        ? Optional.empty()
        : Optional.of(Instant.ofEpochMilli(story.endedAtMs));
  }

  @Override
  public synchronized Wish wish(String jobId) {
    return story(jobId).wish;
  }

  @Override
  public Optional<Claim> claim(String jobId) throws IOException {
    String name = trainer + "/" + UUID.randomUUID();
    long epoch;
    synchronized (this) {
      epoch = story(jobId).epoch + 1;
    }
    write(jobId, epoch, name);
    synchronized (this) {
      Story story = story(jobId);
      await(jobId, () -> story.epoch >= epoch);
      return story.epoch == epoch && story.claim.equals(name)
          ? Optional.of(new Held(jobId, epoch, name, story.beforeClaim))
          : Optional.empty();
    }
  }

  private void write(String jobId, long epoch, String name) throws IOException {
    writer.write(
        Topics.FINETUNE_EVENTS,
        jobId,
        FineTuneEvent.newBuilder()
            .setJobId(jobId)
            .setSeq(KafkaJobEvents.firstSeq(epoch))
            .setAtMs(System.currentTimeMillis())
            .setOwnerEpoch(epoch)
            .setClaimed(JobClaimed.newBuilder().setTrainer(trainer).setClaim(name))
            .build());
  }

  /** With the lock held. */
  private void await(String jobId, BooleanSupplier seen) throws IOException {
    long giveUp = System.nanoTime() + patience.toNanos();
    while (!seen.getAsBoolean()) {
      long left = (giveUp - System.nanoTime()) / 1_000_000;
      if (left <= 0) {
        throw new IOException(
            "the claim of job " + jobId + " did not come back from Kafka in time");
      }
      try {
        wait(left);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted while claiming job " + jobId);
      }
    }
  }

  private final class Held implements Claim {

    private final String jobId;
    private final long epoch;
    private final String name;
    private final Standing before;

    Held(String jobId, long epoch, String name, Standing before) {
      this.jobId = jobId;
      this.epoch = epoch;
      this.name = name;
      this.before = before;
    }

    @Override
    public long epoch() {
      return epoch;
    }

    @Override
    public Standing before() {
      return before;
    }

    @Override
    public boolean isLost() {
      synchronized (JobLedger.this) {
        return !story(jobId).claim.equals(name);
      }
    }

    @Override
    public void confirm() throws IOException, JobAbandonedException {
      long echoes;
      synchronized (JobLedger.this) {
        echoes = story(jobId).echoes;
      }
      write(jobId, epoch, name);
      synchronized (JobLedger.this) {
        Story story = story(jobId);
        // Records of a job keep their order: who sees its own has seen every claim before it.
        await(jobId, () -> isLost() || story.echoes > echoes);
      }
      if (isLost()) {
        throw new JobAbandonedException();
      }
    }
  }
}
