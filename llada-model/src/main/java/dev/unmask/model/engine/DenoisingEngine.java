package dev.unmask.model.engine;

import dev.unmask.model.engine.EngineException.Reason;
import dev.unmask.model.engine.EngineOptions.EngineStep;
import dev.unmask.model.likelihood.LikelihoodTask;
import dev.unmask.model.transformer.MaskPredictor;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Denoises many requests at once, and scores answers between the steps. One thread of its own runs
 * all forward passes; all running tasks of a model share one packed pass a step, and tasks join and
 * leave between steps. Models take turns, one step each.
 *
 * <p>Public methods may be called from any thread. Callbacks come on the engine thread.
 */
public final class DenoisingEngine implements AutoCloseable {

  /** Fewer are not worth a pass. */
  private static final int LEAST_SCORING_TOKENS = 128;

  private static final Logger LOG = System.getLogger(DenoisingEngine.class.getName());

  private final EngineOptions options;
  private final Thread thread;
  private final LinkedBlockingQueue<Runnable> commands = new LinkedBlockingQueue<>();
  private final Map<MaskPredictor, AtomicInteger> counts = new ConcurrentHashMap<>();
  private final StepMeter meter = new StepMeter();
  private volatile boolean closed;
  private final Object submission = new Object();
  private final CompletableFuture<Boolean> ended = new CompletableFuture<>();

  /** Engine thread only. */
  private final Map<MaskPredictor, ModelGroup> groups = new LinkedHashMap<>();

  /** Engine thread only. */
  private final Admission admission;

  /** Engine thread only; weak, so that a closed model can be collected. */
  private final Set<MaskPredictor> retired = Collections.newSetFromMap(new WeakHashMap<>());

  /** Packed tokens of the last denoising step. Engine thread only. */
  private int lastStepTokens;

  public DenoisingEngine(EngineOptions options) {
    this.options = options;
    this.admission = new Admission(options);
    this.thread = Thread.ofPlatform().name(options.threadName()).start(this::loop);
  }

  /**
   * Queues a task; it joins before the next step. Whatever becomes of it, the listener gets one
   * terminal callback: on the engine thread, or on the calling thread when the engine is closed.
   *
   * @param model must stay open until the task ended; see {@link #retire}
   */
  public EngineTicket submit(
      MaskPredictor model, GenerationTask task, GenerationListener listener) {
    return submit(model, new RunningTask(model, task, listener, () -> count(model, -1)));
  }

  /**
   * Queues an estimate of an answer's likelihood. Between two denoising steps of the model one pass
   * of rows runs, shared by all tasks that score; so scoring slows generation down by a bounded
   * share and never stops it. A cancelled ticket takes effect between two passes. Whatever becomes
   * of the task, the listener gets one terminal callback, as for {@link #submit(MaskPredictor,
   * GenerationTask, GenerationListener)}: {@code INVALID_TASK} says what the model cannot score
   * (ids outside the vocabulary, masks, more tokens than the context). Scoring counts in {@link
   * #running}, not in {@link #steps}.
   *
   * @param model must stay open until the task ended; see {@link #retire}
   */
  public EngineTicket submit(
      MaskPredictor model, LikelihoodTask task, LikelihoodListener listener) {
    return submit(model, task, Priority.INTERACTIVE, null, listener);
  }

  /** The same with a priority and a deadline, as those of a {@link GenerationTask}. */
  public EngineTicket submit(
      MaskPredictor model,
      LikelihoodTask task,
      Priority priority,
      @Nullable Instant deadline,
      LikelihoodListener listener) {
    return submit(
        model, new ScoringTask(model, task, priority, deadline, listener, () -> count(model, -1)));
  }

  private EngineTicket submit(MaskPredictor model, EngineTask running) {
    count(model, 1);
    synchronized (submission) {
      if (!closed) {
        commands.add(() -> start(model, running));
        return running;
      }
    }
    running.failed(engineClosed());
    return running;
  }

  /**
   * Takes no new tasks for {@code model} and runs {@code whenUnused} on the engine thread once none
   * of its tasks is left; that may close it. Of a model with an adapter only those with that
   * adapter are meant; a base is retired after its adapters.
   */
  public void retire(MaskPredictor model, Runnable whenUnused) {
    synchronized (submission) {
      if (!closed) {
        commands.add(() -> {
          retired.add(model);
          ModelGroup group = groups.computeIfAbsent(model.base(), m -> new ModelGroup(m, options));
          if (model.base().equals(model)) {
            group.whenEmpty(whenUnused);
          } else {
            group.whenUnused(model, whenUnused);
          }
        });
        return;
      }
    }
    // The thread is gone, so nothing runs.
    whenUnused.run();
  }

  /** Steps since the start, all models together. */
  public long steps() {
    return meter.steps();
  }

  /** Running mean of the duration of a step in milliseconds; 0 before the first. */
  public double meanStepMillis() {
    return meter.meanMillis();
  }

  /** Tasks that were submitted and have not ended. */
  public int running() {
    return counts.values().stream().mapToInt(AtomicInteger::get).sum();
  }

  /** How busy the engine is, and about for how long. */
  public EngineLoad load() {
    return meter.load(running());
  }

  /**
   * Whether everybody who had been submitted before the last step took part in it. What was
   * submitted since does not count: it may well fit.
   */
  public boolean hasRoom() {
    return !meter.full();
  }

  /** {@link #running()} of one model. */
  public int running(MaskPredictor model) {
    AtomicInteger count = counts.get(model);
    return count == null ? 0 : count.get();
  }

  /**
   * Whether the engine thread lives; if it does not and nobody closed the engine, this process can
   * serve no more.
   */
  public boolean alive() {
    return thread.isAlive();
  }

  /**
   * Completes when the engine thread has answered everybody and ends; true when nobody closed the
   * engine, so that this process can serve no more.
   */
  public CompletableFuture<Boolean> ended() {
    return ended.copy();
  }

  /**
   * Ends all tasks with {@code ENGINE_CLOSED} after the step that is running, and waits for that.
   */
  @Override
  public void close() {
    synchronized (submission) {
      if (!closed) {
        closed = true;
        // Wakes the thread when it has nothing to run.
        commands.add(() -> {});
      }
    }
    if (Thread.currentThread() == thread) {
      return;
    }
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void count(MaskPredictor model, int change) {
    counts.compute(
        model,
        (key, old) -> {
          AtomicInteger count = old == null ? new AtomicInteger() : old;
          return count.addAndGet(change) == 0 ? null : count;
        });
  }

  private void start(MaskPredictor model, EngineTask running) {
    try {
      if (closed) {
        throw engineClosed();
      }
      if (retired.contains(model) || retired.contains(model.base())) {
        throw new EngineException(Reason.MODEL_RETIRED, "the model was replaced; ask again");
      }
      ModelGroup group = groups.computeIfAbsent(model.base(), m -> new ModelGroup(m, options));
      running.arrive(group, admission);
    } catch (EngineException e) {
      running.failed(e);
    } catch (RuntimeException e) {
      running.failed(
          new EngineException(Reason.INTERNAL, "the task did not start: " + e.getMessage(), e));
    }
  }

  private void loop() {
    try {
      while (!closed) {
        obey();
        Instant now = Instant.now();
        admission.sweep(now);
        groups.values().forEach(group -> group.sweep(now));
        admission.admit(groups.values());
        report();
        for (ModelGroup group : groups.values()) {
          step(group);
          group.score(scoringTokens());
        }
        dismiss();
      }
    } catch (InterruptedException e) {
      LOG.log(Level.WARNING, "the engine thread was interrupted and ends");
    } catch (RuntimeException | Error e) {
      LOG.log(Level.ERROR, "the engine thread ends by a fault of its own", e);
    } finally {
      end();
    }
  }

  /** Runs what was asked since the last step; waits for something when nothing runs. */
  private void obey() throws InterruptedException {
    boolean idle = admission.isEmpty() && groups.values().stream().allMatch(ModelGroup::isEmpty);
    if (idle) {
      report();
    }
    Runnable command = idle ? commands.take() : commands.poll();
    while (command != null) {
      command.run();
      command = commands.poll();
    }
  }

  /** Tells readers of {@link #load} what there is to do. */
  private void report() {
    int tasks = groups.values().stream().mapToInt(ModelGroup::size).sum();
    double flops = groups.values().stream().mapToDouble(ModelGroup::flopsLeft).sum();
    meter.left(tasks, flops + admission.flops(), !admission.isEmpty());
    options.memory().needed(admission.needed(groups.values()));
  }

  private void step(ModelGroup group) {
    long start = System.nanoTime();
    ModelGroup.Stepped stepped =
        group.step(options.stepTokens(), admission.passRoom(group, groups.values()));
    if (stepped == null) {
      return;
    }
    long nanos = System.nanoTime() - start;
    meter.stepped(nanos / 1e6, stepped.flops());
    PackedStep.Outcome outcome = stepped.outcome();
    lastStepTokens = outcome.packedTokens();
    options
        .observer()
        .onStep(
            new EngineStep(
                Duration.ofNanos(nanos),
                stepped.tasks(),
                outcome.packedTokens(),
                outcome.usefulTokens(),
                outcome.askedRows()));
  }

  /**
   * Most tokens of a pass that scores. While somebody waits for the next step it is no longer than
   * the last one was, so that nobody waits for others' scores longer than for others' steps.
   */
  private int scoringTokens() {
    return groups.values().stream().anyMatch(ModelGroup::denoises)
        ? Math.max(LEAST_SCORING_TOKENS, lastStepTokens)
        : Integer.MAX_VALUE;
  }

  /** Lets go of retired models that nobody uses. */
  private void dismiss() {
    List<ModelGroup> unused = new ArrayList<>();
    for (ModelGroup group : groups.values()) {
      group.dismissAdapters(admission::holds).forEach(DenoisingEngine::closeRetired);
      if (group.isEmpty() && group.retired() != null && !admission.holds(group)) {
        unused.add(group);
      }
    }
    for (ModelGroup group : unused) {
      groups.remove(group.model());
      dismiss(group);
    }
  }

  private static void dismiss(ModelGroup group) {
    try {
      group.close();
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "closing what a model needed failed", e);
    }
    group.dismissAdapters(adapted -> false).forEach(DenoisingEngine::closeRetired);
    Runnable whenUnused = group.retired();
    if (whenUnused != null) {
      closeRetired(whenUnused);
    }
  }

  private static void closeRetired(Runnable whenUnused) {
    try {
      whenUnused.run();
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "closing a retired model failed", e);
    }
  }

  /** Answers everyone who is left. */
  private void end() {
    boolean fault;
    synchronized (submission) {
      fault = !closed;
      closed = true;
    }
    Runnable command = commands.poll();
    while (command != null) {
      command.run();
      command = commands.poll();
    }
    admission.failAll(engineClosed());
    // All are answered before anything is closed: on a device that is lost, closing may fail.
    groups.values().forEach(group -> group.failAll(engineClosed()));
    groups.values().forEach(DenoisingEngine::dismiss);
    groups.clear();
    boolean unused = ended.complete(fault);
  }

  private static EngineException engineClosed() {
    return new EngineException(Reason.ENGINE_CLOSED, "the engine is closed");
  }
}
