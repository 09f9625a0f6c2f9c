package dev.unmask.sft.job;

import dev.unmask.model.transformer.Precision;
import dev.unmask.sft.dataset.DialogueTopic;
import dev.unmask.store.FolderStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.function.BooleanSupplier;

/** Takes jobs one after the other; each ends in exactly one terminal event or is abandoned. */
public final class JobRunner {

  private static final Logger LOG = System.getLogger(JobRunner.class.getName());

  /** Makes the voice of one job. */
  @FunctionalInterface
  public interface EventsFactory {
    /**
     * The voice of a job as one owner of it.
     *
     * @param owner one more than that of the trainer that had the job before
     */
    JobEvents of(JobRequest request, long owner);
  }

  private final FolderStore store;
  private final Precision precision;
  private final EventsFactory events;
  private final Publication publication;
  private final DialogueTopic topics;

  public JobRunner(
      FolderStore store,
      Precision precision,
      EventsFactory events,
      Publication publication,
      DialogueTopic topics) {
    this.store = store;
    this.precision = precision;
    this.events = events;
    this.publication = publication;
    this.topics = topics;
  }

  /**
   * Does one job.
   *
   * @param stop asked often; once true the job is left for the next owner
   * @return whether the job has ended; false means that it must be delivered again
   * @throws UncheckedIOException when Kafka does not take what must be said
   */
  public boolean run(JobRequest request, BooleanSupplier stop) throws IOException {
    RunFolder folder = new RunFolder(store.runFolder(request.id()));
    if (folder.hasEnded()) {
      LOG.log(Level.INFO, "job={0} event=already-ended", request.id());
      return true;
    }
    JobEvents told = events.of(request, folder.takeOver());
    try {
      FineTuneJob.Success success =
          new FineTuneJob(request, store, folder, precision, told, publication, topics, stop).run();
      told.succeeded(success.note(), success.metrics());
      folder.ended(true);
    } catch (JobFailedException e) {
      LOG.log(Level.WARNING, "job={0} event=failed reason=\"{1}\"", request.id(), e.getMessage());
      told.failed(String.valueOf(e.getMessage()));
      folder.ended(false);
    } catch (JobAbandonedException e) {
      LOG.log(Level.INFO, "job={0} event=abandoned", request.id());
      return false;
    } catch (UncheckedIOException e) {
      // The world cannot be told: not the job's fault.
      throw e;
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "job=" + request.id() + " event=broken", e);
      told.failed("The trainer failed: " + e.getMessage());
      folder.ended(false);
    }
    return true;
  }
}
