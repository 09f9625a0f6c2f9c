package dev.unmask.sft.job;

import dev.unmask.model.transformer.Precision;
import dev.unmask.sft.dataset.DialogueTopic;
import dev.unmask.store.ArtifactStore;
import dev.unmask.store.FolderStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Takes jobs one after the other; each ends in exactly one terminal event, is paused, or is left to
 * another trainer.
 */
public final class JobRunner {

  private static final Logger LOG = System.getLogger(JobRunner.class.getName());

  /** Makes the voice of one job. */
  @FunctionalInterface
  public interface EventsFactory {
    /** The voice of a job as one owner of it; once the claim is lost it is silent. */
    JobEvents of(String jobId, Claim claim);
  }

  private final ArtifactStore store;
  private final Path runs;
  private final Precision precision;
  private final EventsFactory events;
  private final Publication publication;
  private final DialogueTopic topics;
  private final QuestionGate gate;
  private final JobDesk desk;

  /**
   * @param runs folder of the states of jobs
   */
  public JobRunner(
      ArtifactStore store,
      Path runs,
      Precision precision,
      EventsFactory events,
      Publication publication,
      DialogueTopic topics,
      QuestionGate gate,
      JobDesk desk) {
    this.store = store;
    this.runs = runs;
    this.precision = precision;
    this.events = events;
    this.publication = publication;
    this.topics = topics;
    this.gate = gate;
    this.desk = desk;
  }

  /**
   * Does one job.
   *
   * @param leave asked often; once true the job is left for the next owner
   * @return whether this delivery is done with; false means that it must be delivered again
   * @throws UncheckedIOException when Kafka does not take what must be said
   */
  public boolean run(JobRequest request, BooleanSupplier leave) throws IOException {
    String id = request.id();
    if (desk.standing(id).phase() == JobDesk.Phase.ENDED) {
      LOG.log(Level.INFO, "job={0} event=already-ended", id);
      return true;
    }
    Optional<Claim> claimed = desk.claim(id);
    if (claimed.isEmpty()) {
      LOG.log(Level.INFO, "job={0} event=claimed-by-another", id);
      return false;
    }
    Claim claim = claimed.get();
    if (claim.before().phase() == JobDesk.Phase.ENDED) {
      LOG.log(Level.INFO, "job={0} event=already-ended", id);
      return true;
    }
    JobEvents told = events.of(id, claim);
    BooleanSupplier stop =
        () -> leave.getAsBoolean() || claim.isLost() || desk.wish(id) != JobDesk.Wish.RUN;
    RunFolder folder = RunFolder.take(FolderStore.runFolder(runs, id), claim.epoch());
    try {
      if (desk.wish(id) != JobDesk.Wish.RUN) {
        throw new JobAbandonedException();
      }
      FineTuneJob.Success success =
          new FineTuneJob(
                  request, store, folder, precision, told, publication, topics, gate, claim, stop)
              .run();
      told.succeeded(success.note(), success.metrics());
      folder.removeAll();
      return true;
    } catch (JobFailedException e) {
      LOG.log(Level.WARNING, "job={0} event=failed reason=\"{1}\"", id, e.getMessage());
      return failed(claim, told, folder, String.valueOf(e.getMessage()));
    } catch (JobAbandonedException e) {
      return asWished(request, claim, told, folder);
    } catch (UncheckedIOException e) {
      // The world cannot be told: not the job's fault.
      throw e;
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "job=" + id + " event=broken", e);
      return failed(claim, told, folder, "The trainer failed: " + e.getMessage());
    }
  }

  private static boolean failed(Claim claim, JobEvents told, RunFolder folder, String sentence)
      throws IOException {
    if (claim.isLost()) {
      // Perhaps only because its successor took the folder away.
      return false;
    }
    told.failed(sentence);
    folder.keepStates();
    return true;
  }

  /**
   * Ends a job that cannot be begun.
   *
   * @param sentence why
   */
  public void refuse(String id, String sentence) throws IOException {
    if (desk.standing(id).phase() != JobDesk.Phase.ENDED) {
      Optional<Claim> claimed = desk.claim(id);
      if (claimed.isPresent() && claimed.get().before().phase() != JobDesk.Phase.ENDED) {
        events.of(id, claimed.get()).failed(sentence);
      }
    }
  }

  /** A job that was stopped: because it was asked to, or to be left to another trainer. */
  private boolean asWished(JobRequest request, Claim claim, JobEvents told, RunFolder folder)
      throws IOException {
    JobDesk.Wish wish = claim.isLost() ? JobDesk.Wish.RUN : desk.wish(request.id());
    return switch (wish) {
      case CANCEL -> {
        // First, because who sees the event expects the space to be free.
        folder.removeAll();
        told.cancelled();
        LOG.log(Level.INFO, "job={0} event=cancelled", request.id());
        yield true;
      }
      case PAUSE -> {
        told.paused();
        LOG.log(Level.INFO, "job={0} event=paused", request.id());
        yield true;
      }
      case RUN -> {
        LOG.log(Level.INFO, "job={0} event=left", request.id());
        yield false;
      }
    };
  }

  /**
   * Does what was wished of a job that no trainer works on: ends it or puts it aside. Any thread.
   *
   * @return whether something was done
   */
  public boolean settle(String id) throws IOException {
    JobDesk.Wish wish = desk.wish(id);
    if (wish == JobDesk.Wish.RUN || !isIdle(desk.standing(id), wish)) {
      return false;
    }
    Optional<Claim> claimed = desk.claim(id);
    if (claimed.isEmpty() || !isIdle(claimed.get().before(), wish)) {
      return false;
    }
    JobEvents told = events.of(id, claimed.get());
    if (wish == JobDesk.Wish.CANCEL) {
      RunFolder.take(FolderStore.runFolder(runs, id), claimed.get().epoch()).removeAll();
      told.cancelled();
    } else {
      told.paused();
    }
    return true;
  }

  private static boolean isIdle(JobDesk.Standing standing, JobDesk.Wish wish) {
    return switch (standing.phase()) {
      case QUEUED -> true;
      case PAUSED -> wish == JobDesk.Wish.CANCEL;
      case TAKEN, ENDED -> false;
    };
  }
}
