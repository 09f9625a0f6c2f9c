package dev.unmask.sampler.schedule;

import dev.unmask.model.engine.EngineException;
import dev.unmask.model.engine.EngineTicket;
import dev.unmask.model.engine.GenerationListener;
import dev.unmask.model.engine.GenerationResult;
import dev.unmask.model.engine.LikelihoodListener;
import dev.unmask.model.engine.StepResult;
import dev.unmask.model.likelihood.LikelihoodResult;
import dev.unmask.sampler.models.Lease;
import dev.unmask.store.Digest;
import dev.unmask.v1.ErrorCode;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One attempt at one request: waiting for weights, then running in the engine, then ended.
 *
 * <p>{@link #outcome()} is completed exactly once and never exceptionally. The lease on the weights
 * is kept after that, because texts are still decoded with their tokenizer: {@link #close()} ends
 * it.
 *
 * <p>Thread-safe.
 */
public final class GenerationRun implements AutoCloseable {

  private final RequestedJob job;
  private final RunEvents events;
  private final RunObserver observer;
  private final CancelLedger cancels;
  private final Clock clock;
  private final Consumer<String> onCancel;
  private final CompletableFuture<Outcome> outcome = new CompletableFuture<>();

  // Guarded by this.
  private @Nullable StopReason stopped;
  private long stoppedAt;
  private @Nullable EngineTicket ticket;
  private @Nullable Lease lease;
  private boolean submitted;
  private boolean closed;

  GenerationRun(
      RequestedJob job, RunEvents events, RunObserver observer, CancelLedger cancels, Clock clock) {
    this.job = job;
    this.events = events;
    this.observer = observer;
    this.cancels = cancels;
    this.clock = clock;
    // One object: it is taken off the ledger by identity.
    this.onCancel = this::cancelled;
  }

  public RequestedJob job() {
    return job;
  }

  /** How the run ended. Completed on the thread that ended it; dependents must not block. */
  public CompletableFuture<Outcome> outcome() {
    return outcome;
  }

  /**
   * Ends the run early: at once while it waits for weights, between two steps once it is in the
   * engine. Without effect when it has ended or was stopped before.
   */
  public void stop(StopReason reason) {
    EngineTicket running;
    boolean inEngine;
    synchronized (this) {
      if (stopped != null) {
        return;
      }
      stopped = reason;
      stoppedAt = System.nanoTime();
      running = ticket;
      inEngine = submitted;
    }
    if (!inEngine) {
      end(reason.outcome());
    } else if (running != null) {
      running.cancel();
    }
  }

  /** Gives back the weights and forgets the run. Call it after the last use of its model. */
  @Override
  public void close() {
    cancels.unregister(job.requestId(), onCancel);
    Lease held;
    synchronized (this) {
      closed = true;
      held = lease;
      lease = null;
    }
    if (held != null) {
      held.close();
    }
  }

  private void cancelled(String reason) {
    stop(new StopReason.Cancelled(reason));
  }

  /** Registers for cancels; a cancel that came before stops the run now. */
  void watchCancels() {
    cancels.register(job.requestId(), job.tenant(), onCancel).ifPresent(onCancel);
  }

  void end(Outcome how) {
    if (outcome.complete(how)) {
      tellCancelled();
      observer.ended(how, weights());
    }
  }

  private void tellCancelled() {
    long heard;
    synchronized (this) {
      if (!(stopped instanceof StopReason.Cancelled)) {
        return;
      }
      heard = stoppedAt;
    }
    observer.cancelled(Duration.ofNanos(System.nanoTime() - heard));
  }

  private synchronized @Nullable Digest weights() {
    return lease != null ? lease.model().digest() : job.pinned();
  }

  /** Takes over the lease; false when the run was closed meanwhile, and the lease with it. */
  boolean hold(Lease granted) {
    synchronized (this) {
      if (!closed) {
        lease = granted;
        return true;
      }
    }
    granted.close();
    return false;
  }

  /** From here on only the engine ends the run; false when it was stopped before. */
  synchronized boolean enterEngine() {
    if (stopped != null || closed) {
      return false;
    }
    submitted = true;
    return true;
  }

  void running(EngineTicket inEngine) {
    boolean cancelNow;
    synchronized (this) {
      ticket = inEngine;
      cancelNow = stopped != null;
    }
    if (cancelNow) {
      inEngine.cancel();
    }
  }

  GenerationListener listener(Lease held, PlannedTask task) {
    return new GenerationListener() {
      private Instant started = Instant.EPOCH;
      private Instant firstCommit = Instant.EPOCH;

      @Override
      public void onStarted() {
        started = clock.instant();
        observer.started(nonNegative(Duration.between(job.admitted(), started)));
        events.started(held.model(), task);
      }

      @Override
      public void onStep(StepResult step) {
        Instant now = clock.instant();
        if (firstCommit.equals(Instant.EPOCH)) {
          firstCommit = now;
        }
        events.step(step);
        if (now.isAfter(job.deadline())) {
          stop(new StopReason.DeadlinePassed());
        }
      }

      @Override
      public void onFinished(GenerationResult result) {
        end(
            new Outcome.Answered(
                held.model(),
                task,
                result,
                new Outcome.RunTimes(job.admitted(), started, firstCommit, clock.instant())));
      }

      @Override
      public void onFailed(EngineException e) {
        failed(e);
      }
    };
  }

  LikelihoodListener listener(Lease held, PlannedScore task) {
    return new LikelihoodListener() {
      private Instant started = Instant.EPOCH;

      @Override
      public void onStarted() {
        started = clock.instant();
        observer.started(nonNegative(Duration.between(job.admitted(), started)));
        events.scoring(held.model(), task);
      }

      @Override
      public void onFinished(LikelihoodResult result) {
        Instant finished = clock.instant();
        end(
            new Outcome.Scored(
                held.model(),
                task,
                result,
                new Outcome.RunTimes(job.admitted(), started, finished, finished)));
      }

      @Override
      public void onFailed(EngineException e) {
        failed(e);
      }
    };
  }

  private void failed(EngineException e) {
    StopReason reason;
    synchronized (this) {
      reason = stopped;
    }
    end(reason != null ? reason.outcome() : failure(e));
  }

  private static Outcome failure(EngineException e) {
    return switch (e.reason()) {
      case INVALID_TASK, TOO_LARGE ->
          new Outcome.Failed(
              ErrorCode.ERROR_CODE_INVALID_ARGUMENT, String.valueOf(e.getMessage()), "");
      case OUT_OF_MEMORY ->
          new Outcome.Failed(
              ErrorCode.ERROR_CODE_RESOURCE_EXHAUSTED, String.valueOf(e.getMessage()), "");
      case DEADLINE_EXCEEDED ->
          new Outcome.Failed(
              ErrorCode.ERROR_CODE_DEADLINE_EXCEEDED, String.valueOf(e.getMessage()), "");
      case INTERNAL ->
          new Outcome.Failed(
              ErrorCode.ERROR_CODE_INTERNAL, "the engine failed: " + e.getMessage(), "");
      // Nothing is wrong with the request: the next delivery answers it.
      case CANCELLED, MODEL_RETIRED, ENGINE_CLOSED -> new Outcome.Abandoned();
    };
  }

  private static Duration nonNegative(Duration d) {
    return d.isNegative() ? Duration.ZERO : d;
  }
}
