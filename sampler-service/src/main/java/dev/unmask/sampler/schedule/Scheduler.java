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

  public Scheduler(
      Catalog catalog,
      ModelShelf shelf,
      DenoisingEngine engine,
      CancelLedger cancels,
      RunObserver observer,
      Clock clock) {
    this.catalog = catalog;
    this.shelf = shelf;
    this.engine = engine;
    this.cancels = cancels;
    this.observer = observer;
    this.clock = clock;
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
      digest = catalog.resolve(job.request().getModel(), job.pinned());
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
    PlannedTask task;
    try {
      task = TaskPlanner.plan(run.job(), lease.model());
    } catch (RefusedRequestException e) {
      run.end(e.outcome());
      return;
    }
    if (run.enterEngine()) {
      run.running(engine.submit(lease.model().weights(), task.task(), run.listener(lease, task)));
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
