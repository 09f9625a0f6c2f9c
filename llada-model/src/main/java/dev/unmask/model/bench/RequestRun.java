package dev.unmask.model.bench;

import dev.unmask.model.engine.DenoisingEngine;
import dev.unmask.model.engine.EngineException;
import dev.unmask.model.engine.EngineOptions;
import dev.unmask.model.engine.GenerationListener;
import dev.unmask.model.engine.GenerationResult;
import dev.unmask.model.engine.StepResult;
import dev.unmask.model.transformer.MaskPredictor;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Whole requests through the engine, a fixed number at the same time, for a given time. */
final class RequestRun {

  /** Steps before the clock starts: kernels are built and the batch fills up. */
  private static final int WARM_UP_STEPS = 3;

  private static final int LEAST_STEPS = 5;

  /** No step of any size here is longer. */
  private static final long PATIENCE_SECONDS = 1800;

  private final Workload workload;
  private final int atOnce;
  private final long nanos;
  private final CountDownLatch done = new CountDownLatch(1);
  private final AtomicReference<@Nullable EngineException> failure = new AtomicReference<>();

  // Engine thread only, until done.
  private long steps;
  private long begin;
  private long end;
  private long busy;
  private long committed;
  private long finished;
  private long computed;
  private long useful;
  private int submitted;

  /**
   * What was measured after the warm-up.
   *
   * @param committed slots that got their token
   * @param computed positions that were forwarded
   * @param useful of these, what the requests asked for: no padding, and nothing behind an end that
   *     was already committed
   * @param busy seconds that steps took
   */
  record Outcome(
      double seconds,
      double busy,
      long steps,
      long committed,
      long finished,
      long computed,
      long useful) {

    double tokensPerSecond() {
      return committed / seconds;
    }
  }

  private RequestRun(Workload workload, int atOnce, double seconds) {
    this.workload = workload;
    this.atOnce = atOnce;
    this.nanos = (long) (seconds * 1e9);
  }

  /**
   * Runs requests for a time.
   *
   * @throws EngineException when a request failed
   */
  static Outcome run(MaskPredictor model, Workload workload, int atOnce, double seconds)
      throws EngineException, InterruptedException {
    return new RequestRun(workload, atOnce, seconds).run(model);
  }

  private Outcome run(MaskPredictor model) throws EngineException, InterruptedException {
    try (DenoisingEngine engine =
        new DenoisingEngine(EngineOptions.defaults().withObserver(this::stepped))) {
      for (int i = 0; i < atOnce; i++) {
        submit(engine, model, i);
      }
      if (!done.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        throw new IllegalStateException("the engine made no five steps in half an hour");
      }
    }
    EngineException failed = failure.get();
    if (failed != null) {
      throw failed;
    }
    return new Outcome(
        (end - begin) / 1e9,
        busy / 1e9,
        steps - WARM_UP_STEPS,
        committed,
        finished,
        computed,
        useful);
  }

  private void submit(DenoisingEngine engine, MaskPredictor model, int number) {
    submitted = Math.max(submitted, number + 1);
    var unused = engine.submit(model, workload.task(number), new Request(engine, model, number));
  }

  private boolean counts() {
    return steps >= WARM_UP_STEPS && done.getCount() > 0;
  }

  private void stepped(EngineOptions.EngineStep step) {
    if (done.getCount() == 0) {
      return;
    }
    steps++;
    long now = System.nanoTime();
    if (steps == WARM_UP_STEPS) {
      begin = now;
    } else if (steps > WARM_UP_STEPS) {
      busy += step.duration().toNanos();
      computed += step.packedTokens();
      if (now - begin >= nanos && steps >= WARM_UP_STEPS + LEAST_STEPS) {
        end = now;
        done.countDown();
      }
    }
  }

  /** One request; asks for the next one when it has its answer. */
  private final class Request implements GenerationListener {

    private final DenoisingEngine engine;
    private final MaskPredictor model;
    private final UsefulPositions positions;

    Request(DenoisingEngine engine, MaskPredictor model, int number) {
      this.engine = engine;
      this.model = model;
      this.positions = new UsefulPositions(workload, number);
    }

    @Override
    public void onStarted() {}

    @Override
    public void onStep(StepResult step) {
      int forwarded = positions.take(step);
      if (counts()) {
        committed += step.commits().size();
        useful += forwarded;
      }
    }

    @Override
    public void onFinished(GenerationResult result) {
      if (counts()) {
        finished++;
      }
      if (done.getCount() > 0) {
        submit(engine, model, submitted);
      }
    }

    @Override
    public void onFailed(EngineException failed) {
      if (failed.reason() != EngineException.Reason.ENGINE_CLOSED) {
        failure.compareAndSet(null, failed);
        done.countDown();
      }
    }
  }
}
