package dev.unmask.sampler.schedule;

import dev.unmask.model.engine.DenoisingEngine;
import dev.unmask.sampler.models.Catalog;
import dev.unmask.sampler.models.Lease;
import dev.unmask.sampler.models.ModelShelf;
import dev.unmask.sampler.models.UnavailableModelException;
import dev.unmask.store.Digest;
import dev.unmask.v1.ErrorCode;
import java.time.Clock;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/** Starts runs: weights first, then the task, then the engine. Thread-safe; never blocks. */
public final class Scheduler {

  private final Catalog catalog;
  private final ModelShelf shelf;
  private final DenoisingEngine engine;
  private final CancelLedger cancels;
  private final RunObserver observer;
  private final Clock clock;
  private final TaskPlanner tasks;
  private final ScorePlanner scores;

  /**
   * @param draws where recorded random numbers come from
   */
  public Scheduler(
      Catalog catalog,
      ModelShelf shelf,
      DenoisingEngine engine,
      CancelLedger cancels,
      RunObserver observer,
      DrawSource draws,
      Clock clock) {
    this.catalog = catalog;
    this.shelf = shelf;
    this.engine = engine;
    this.cancels = cancels;
    this.observer = observer;
    this.clock = clock;
    this.tasks = new TaskPlanner(draws);
    this.scores = new ScorePlanner(draws);
  }

  /**
   * Starts an attempt. It is already ended on return when the request is late, was cancelled, or
   * names weights that nobody knows.
   */
  public GenerationRun start(RequestedJob job, RunEvents events) {
    GenerationRun run = new GenerationRun(job, events, observer, cancels, clock);
    if (!clock.instant().isBefore(job.deadline())) {
      run.stop(new StopReason.DeadlinePassed());
      return run;
    }
    run.watchCancels();
    if (run.outcome().isDone()) {
      return run;
    }
    Digest digest;
    try {
      digest = catalog.resolve(job.wanted().model(), job.pinned(), job.requestId());
    } catch (UnavailableModelException e) {
      run.end(unavailable(e));
      return run;
    }
    shelf
        .lease(digest)
        .whenComplete((lease, failure) -> submit(run, lease, failure))
        .exceptionally(broken -> {
          // Whatever broke, the request must not hang until its lock expires.
          run.end(internal(broken));
          return null;
        })
        .isDone();
    return run;
  }

  private void submit(GenerationRun run, @Nullable Lease lease, @Nullable Throwable failure) {
    if (lease == null) {
      Throwable cause = failure instanceof CompletionException c ? c.getCause() : failure;
      run.end(
          cause instanceof UnavailableModelException unavailable
              ? unavailable(unavailable)
              : internal(cause));
      return;
    }
    if (!run.hold(lease)) {
      return;
    }
    try {
      switch (run.job().wanted()) {
        case Wanted.Answer answer -> {
          PlannedTask task = tasks.plan(run.job(), answer.request(), lease.model());
          if (run.enterEngine()) {
            run.running(
                engine.submit(lease.model().weights(), task.task(), run.listener(lease, task)));
          }
        }
        case Wanted.Score score -> {
          PlannedScore task = scores.plan(run.job(), score.request(), lease.model());
          if (run.enterEngine()) {
            run.running(
                engine.submit(
                    lease.model().weights(),
                    task.task(),
                    run.job().priority(),
                    run.job().patience(),
                    run.listener(lease, task)));
          }
        }
      }
    } catch (RefusedRequestException e) {
      run.end(e.outcome());
    }
  }

  private static Outcome unavailable(UnavailableModelException e) {
    ErrorCode code =
        switch (e.reason()) {
          case UNKNOWN -> ErrorCode.ERROR_CODE_NOT_FOUND;
          case NOT_A_NAME -> ErrorCode.ERROR_CODE_INVALID_ARGUMENT;
          case BROKEN -> ErrorCode.ERROR_CODE_FAILED_PRECONDITION;
        };
    return new Outcome.Failed(code, String.valueOf(e.getMessage()), "model");
  }

  private static Outcome internal(@Nullable Throwable cause) {
    return new Outcome.Failed(
        ErrorCode.ERROR_CODE_INTERNAL,
        "this worker failed before the request reached the engine: "
            + (cause == null ? "no reason given" : cause.toString()),
        "");
  }
}
