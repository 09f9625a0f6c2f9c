package dev.unmask.sft.tracing;

import dev.unmask.sft.dataset.DatasetFacts;
import dev.unmask.sft.dataset.DatasetRow.Rejected;
import dev.unmask.sft.evaluation.Evaluation;
import dev.unmask.sft.job.Answer;
import dev.unmask.sft.job.JobEvents;
import dev.unmask.sft.job.Publication;
import dev.unmask.sft.training.StepReport;
import dev.unmask.store.Manifest;
import dev.unmask.tracing.TraceSpan;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Makes spans of what a job says: one for each of its phases, which follow each other. A phase ends
 * when the job says that it is over; where only the next one's end is told, it ends with what was
 * last said in it.
 */
final class TracedEvents implements JobEvents {

  private final JobEvents next;
  private final TraceSpan job;
  private Instant last = Instant.now();
  private TraceSpan training = TraceSpan.NONE;

  TracedEvents(JobEvents next, TraceSpan job) {
    this.next = next;
    this.job = job;
  }

  /** A phase that began when the one before it ended, and ends now. */
  private TraceSpan phase(String name) {
    TraceSpan phase = job.child(name, TraceSpan.Kind.INTERNAL, last);
    last = Instant.now();
    phase.endAt(last);
    return phase;
  }

  private void trained() {
    training.endAt(last);
    training = TraceSpan.NONE;
  }

  @Override
  public void validating() {
    phase("claim");
    next.validating();
  }

  @Override
  public void rejected(Rejected row) {
    next.rejected(row);
  }

  @Override
  public void rowsRead(DatasetFacts facts, double eosShare, long heldOut, String report) {
    phase("read rows");
    next.rowsRead(facts, eosShare, heldOut, report);
  }

  @Override
  public void running(String note) {
    training = job.child("train", TraceSpan.Kind.INTERNAL, last);
    next.running(note);
  }

  @Override
  public void saved(long step) {
    training.event("saved", Map.of("step", step));
    last = Instant.now();
    next.saved(step);
  }

  @Override
  public void progress(StepReport report) {
    training
        .set("unmask.steps", report.step())
        .event("progress", Map.of("step", report.step(), "tokens", report.tokens()));
    last = Instant.now();
    next.progress(report);
  }

  @Override
  public void evaluated(Evaluation evaluation) {
    training.event("evaluated", Map.of());
    last = Instant.now();
    next.evaluated(evaluation);
  }

  @Override
  public void probes(boolean after, List<Answer> answers) {
    trained();
    phase(after ? "probes after" : "probes before");
    next.probes(after, answers);
  }

  @Override
  public void published(Manifest manifest) {
    trained();
    phase("publish");
    job.set("unmask.model_digest", manifest.digest().toString());
    next.published(manifest);
  }

  @Override
  public void aliasMoved(Publication.AliasMove move) {
    phase("verify and activate");
    next.aliasMoved(move);
  }

  @Override
  public void succeeded(String message, Map<String, Double> metrics) {
    end(null);
    next.succeeded(message, metrics);
  }

  @Override
  public void failed(String message) {
    end("failed");
    next.failed(message);
  }

  @Override
  public void cancelled() {
    end("cancelled");
    next.cancelled();
  }

  @Override
  public void paused() {
    end("paused");
    next.paused();
  }

  private void end(@Nullable String how) {
    trained();
    if (how != null) {
      job.failed(how);
    }
    job.end();
  }
}
