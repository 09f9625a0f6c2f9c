package dev.unmask.sft.metrics;

import dev.unmask.sft.dataset.DatasetFacts;
import dev.unmask.sft.dataset.DatasetRow.Rejected;
import dev.unmask.sft.evaluation.Evaluation;
import dev.unmask.sft.job.Answer;
import dev.unmask.sft.job.JobEvents;
import dev.unmask.sft.job.Publication;
import dev.unmask.sft.training.StepReport;
import dev.unmask.store.Manifest;
import java.util.List;
import java.util.Map;

/** Counts what a job says on its way out. */
public final class MeteredEvents implements JobEvents {

  private final JobEvents next;
  private final SftMeters meters;

  public MeteredEvents(JobEvents next, SftMeters meters) {
    this.next = next;
    this.meters = meters;
  }

  @Override
  public void validating() {
    next.validating();
  }

  @Override
  public void rejected(Rejected row) {
    meters.rejected(row.reason().name());
    next.rejected(row);
  }

  @Override
  public void rowsRead(DatasetFacts facts, double eosShare, long heldOut, String report) {
    next.rowsRead(facts, eosShare, heldOut, report);
  }

  @Override
  public void running(String note) {
    next.running(note);
  }

  @Override
  public void saved(long step) {
    next.saved(step);
  }

  @Override
  public void progress(StepReport report) {
    meters.progress(report);
    next.progress(report);
  }

  @Override
  public void evaluated(Evaluation evaluation) {
    next.evaluated(evaluation);
  }

  @Override
  public void probes(boolean after, List<Answer> answers) {
    next.probes(after, answers);
  }

  @Override
  public void published(Manifest manifest) {
    meters.published(manifest);
    next.published(manifest);
  }

  @Override
  public void aliasMoved(Publication.AliasMove move) {
    next.aliasMoved(move);
  }

  @Override
  public void succeeded(String message, Map<String, Double> metrics) {
    next.succeeded(message, metrics);
    meters.ended("succeeded");
  }

  @Override
  public void failed(String message) {
    next.failed(message);
    meters.ended("failed");
  }

  @Override
  public void cancelled() {
    next.cancelled();
    meters.ended("cancelled");
  }

  @Override
  public void paused() {
    next.paused();
    meters.ended("paused");
  }
}
