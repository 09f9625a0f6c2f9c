package dev.unmask.model.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.engine.EngineException.Reason;
import dev.unmask.model.engine.EngineOptions.EngineStep;
import dev.unmask.model.sampling.Caching;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.model.transformer.KeyValueCache;
import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.model.transformer.MaskPredictor;
import dev.unmask.model.transformer.PackedBatch;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class AdmissionTest {

  @TempDir static Path folder;
  private static LoadedModel model;

  @BeforeAll
  static void load() throws Exception {
    model = TinyModels.random(folder);
  }

  @AfterAll
  static void close() {
    model.close();
  }

  /** Counts its callbacks. */
  private static final class Counting extends Listening {
    private final AtomicInteger ends = new AtomicInteger();

    @Override
    public void onFinished(GenerationResult result) {
      ends.incrementAndGet();
      super.onFinished(result);
    }

    @Override
    public void onFailed(EngineException failure) {
      ends.incrementAndGet();
      super.onFailed(failure);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void inTightRoomEveryoneEndsOnceWithTheAnswerThatHeGetsAlone(long seed) throws Exception {
    Random random = new Random(seed);
    List<GenerationTask> tasks = new ArrayList<>();
    long roomy = 0;
    for (int i = 0; i < 20; i++) {
      tasks.add(task(i, random));
      roomy = Math.max(roomy, bytes(tasks.get(i)));
    }
    // Room for the largest alone, or for some of the smaller ones.
    int stepTokens = 60 + random.nextInt(200);
    EngineOptions tight =
        EngineOptions.defaults()
            .withMemory(roomy)
            .withStepTokens(stepTokens)
            .withInteractiveShare(0.5 + random.nextDouble() / 3);
    List<EngineStep> steps = Collections.synchronizedList(new ArrayList<>());
    CacheCount counted = new CacheCount(model);
    List<Counting> listening = new ArrayList<>();
    List<EngineTicket> tickets = new ArrayList<>();
    AtomicReference<DenoisingEngine> looked = new AtomicReference<>();
    AtomicBoolean leftOut = new AtomicBoolean();
    EngineOptions.StepObserver observer =
        step -> {
          steps.add(step);
          if (!looked.get().hasRoom()) {
            leftOut.set(true);
          }
        };
    try (DenoisingEngine engine = new DenoisingEngine(tight.withObserver(observer))) {
      looked.set(engine);
      for (GenerationTask task : tasks) {
        listening.add(new Counting());
        tickets.add(engine.submit(counted, task, listening.get(listening.size() - 1)));
      }
      tickets.get(19).cancel();
      for (int i = 0; i < 19; i++) {
        GenerationTask task = tasks.get(i);
        CanvasRun alone = SimpleLoop.run(model, task.promptIds(), task.settings(), task.draws());
        GenerationResult result = listening.get(i).result();
        assertThat(result.canvasIds()).as(task.id()).containsExactly(alone.canvas());
        assertThat(result.steps()).isEqualTo(alone.steps());
        assertThat(result.queued().isNegative()).isFalse();
      }
      var unused = listening.get(19).end.handle((r, e) -> r).get(60, TimeUnit.SECONDS);
      assertThat(engine.load().running() + engine.load().waiting()).isZero();
    }
    assertThat(leftOut).as("the engine said that it was full").isTrue();
    assertThat(listening).allSatisfy(l -> assertThat(l.ends).hasValue(1));
    assertThat(steps)
        .allSatisfy(s -> {
          assertThat(s.tasks() == 1 || s.packedTokens() <= stepTokens).isTrue();
          assertThat(s.usefulTokens()).isBetween(0, s.packedTokens());
        });
    assertThat(steps.stream().mapToInt(EngineStep::tasks).max().orElse(0)).isGreaterThan(1);
    assertThat(counted.most).isPositive().isLessThanOrEqualTo(roomy);
    assertThat(counted.now).isZero();
  }

  private static GenerationTask task(int i, Random random) {
    int block = 8 << random.nextInt(2);
    GenerationSettings.Builder settings =
        GenerationSettings.builder(block * (1 + random.nextInt(3)), block).seed(i);
    settings.steps(settings.genLength());
    switch (random.nextInt(5)) {
      case 0 -> settings.threshold(0.3);
      case 1 -> settings.caching(Caching.dual(0));
      case 2 -> settings.caching(Caching.prefix(2)).cfgScale(0.5);
      case 3 -> settings.draftSteps(2);
      default -> settings.temperature(0.7);
    }
    return new GenerationTask(
            "mix-" + i, TinyModels.prompt(1 + random.nextInt(60), i), settings.build())
        .with(random.nextBoolean() ? Priority.INTERACTIVE : Priority.BULK);
  }

  private static long bytes(GenerationTask task) {
    TaskCost cost = TaskCost.of(task, model.config(), Float.BYTES, 0);
    return cost.cacheBytes()
        + cost.passBytes()
        + dev.unmask.model.sampling.TokenChooser.workBytes(model.config());
  }

  @Test
  void whatCanNeverFitIsRefusedWithTheNumbers() throws Exception {
    GenerationTask task =
        new GenerationTask(
            "large",
            TinyModels.prompt(100, 1),
            GenerationSettings.builder(32, 32).caching(Caching.dual(0)).build());
    long needed = bytes(task);
    for (long budget : new long[] {needed - 1, needed}) {
      try (DenoisingEngine engine =
          new DenoisingEngine(EngineOptions.defaults().withMemory(budget))) {
        Listening listening = new Listening();
        engine.submit(model, task, listening);
        if (budget == needed) {
          assertThat(listening.result().canvasIds()).hasSize(32);
        } else {
          EngineException refusal = listening.failure();
          assertThat(refusal.reason()).isEqualTo(Reason.TOO_LARGE);
          assertThat(refusal)
              .hasMessageContaining("needs %d MB".formatted(Math.ceilDiv(needed, 1 << 20)))
              .hasMessageContaining("for 132 tokens")
              .hasMessageContaining("may use");
        }
      }
    }
  }

  @Test
  void aDeadlineThatPassedCostsNoForward() throws Exception {
    CacheCount counted = new CacheCount(model);
    try (DenoisingEngine engine = new DenoisingEngine(EngineOptions.defaults())) {
      Counting late = new Counting();
      engine.submit(counted, simple("late", 8).by(Instant.now().minusSeconds(1)), late);
      assertThat(late.failure().reason()).isEqualTo(Reason.DEADLINE_EXCEEDED);
      assertThat(late.started).isNotDone();
      Listening onTime = new Listening();
      engine.submit(model, simple("on time", 8).by(Instant.now().plusSeconds(600)), onTime);
      assertThat(onTime.result().steps()).isEqualTo(8);
    }
    assertThat(counted.passes).isZero();
  }

  @Test
  void aLateInteractiveTaskWaitsForNoBulkTasksEnd() throws Exception {
    List<String> order = Collections.synchronizedList(new ArrayList<>());
    Listening interactive = new Listening();
    CompletableFuture<DenoisingEngine> engine = new CompletableFuture<>();
    List<Listening> bulk = new ArrayList<>();
    // A step holds one of these rows.
    try (DenoisingEngine running =
        new DenoisingEngine(EngineOptions.defaults().withStepTokens(140))) {
      engine.complete(running);
      for (int i = 0; i < 4; i++) {
        Listening listening =
            new Listening(step -> {
              if (step.step() == 2 && order.isEmpty()) {
                order.add("submitted");
                engine.join().submit(model, simple("interactive", 8), interactive);
              }
            });
        bulk.add(listening);
        running.submit(model, simple("bulk-" + i, 96).with(Priority.BULK), listening);
        var unused = listening.end.thenRun(() -> order.add("bulk"));
      }
      var unused = interactive.end.thenRun(() -> order.add("interactive"));
      for (Listening listening : bulk) {
        assertThat(listening.result().steps()).isEqualTo(96);
      }
      assertThat(interactive.result().steps()).isEqualTo(8);
    }
    assertThat(order).startsWith("submitted", "interactive");
  }

  @Test
  void theLoadSaysWhoRunsWhoWaitsAndAboutHowLong() throws Exception {
    CountDownLatch look = new CountDownLatch(1);
    CountDownLatch reached = new CountDownLatch(1);
    try (DenoisingEngine engine = new DenoisingEngine(EngineOptions.defaults())) {
      assertThat(engine.load()).isEqualTo(new EngineLoad(0, 0, 0));
      Listening first =
          new Listening(step -> {
            if (step.step() == 2) {
              reached.countDown();
              try {
                assertThat(look.await(60, TimeUnit.SECONDS)).isTrue();
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
            }
          });
      engine.submit(model, simple("first", 32), first);
      assertThat(reached.await(60, TimeUnit.SECONDS)).isTrue();
      List<Listening> others = List.of(new Listening(), new Listening(), new Listening());
      others.forEach(other -> engine.submit(model, simple("other", 8), other));
      EngineLoad load = engine.load();
      assertThat(engine.hasRoom()).as("nobody was left out of a step yet").isTrue();
      look.countDown();

      assertThat(load.running()).isEqualTo(1);
      assertThat(load.waiting()).isEqualTo(3);
      assertThat(load.drainMillis()).isPositive();
      for (Listening other : others) {
        assertThat(other.result().queued()).isPositive();
      }
      assertThat(first.result().steps()).isEqualTo(32);
    }
  }

  private static GenerationTask simple(String id, int canvas) {
    return new GenerationTask(
        id,
        TinyModels.prompt(6, 1),
        GenerationSettings.builder(canvas, canvas).eosEarlyExit(false).build());
  }

  /** Knows how much its caches hold. */
  private static final class CacheCount implements MaskPredictor {
    private final MaskPredictor inner;
    private long now;
    private long most;
    private int passes;

    CacheCount(MaskPredictor inner) {
      this.inner = inner;
    }

    @Override
    public ModelConfig config() {
      return inner.config();
    }

    @Override
    public NDArray states(NDManager owner, PackedBatch batch) {
      passes++;
      PackedBatch unwrapped = new PackedBatch();
      for (PackedBatch.Segment s : batch.segments()) {
        KeyValueCache cache = s.cache() instanceof Counted counted ? counted.cache() : null;
        unwrapped.add(new PackedBatch.Segment(s.ids(), s.from(), s.slots(), cache, s.keys()));
      }
      return inner.states(owner, unwrapped);
    }

    @Override
    public NDArray head(NDManager owner, NDArray states) {
      return inner.head(owner, states);
    }

    @Override
    public KeyValueCache newCache(int length) {
      KeyValueCache cache = inner.newCache(length);
      now += cache.bytes();
      most = Math.max(most, now);
      return new Counted(this, cache);
    }

    private record Counted(CacheCount owner, KeyValueCache cache) implements KeyValueCache {
      @Override
      public int length() {
        return cache.length();
      }

      @Override
      public long bytes() {
        return cache.bytes();
      }

      @Override
      public void close() {
        owner.now -= cache.bytes();
        cache.close();
      }
    }
  }
}
