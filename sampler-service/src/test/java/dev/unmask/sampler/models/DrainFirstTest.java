package dev.unmask.sampler.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.transformer.KeyValueCache;
import dev.unmask.model.transformer.MaskPredictor;
import dev.unmask.model.transformer.PackedBatch;
import dev.unmask.sampler.presence.DrainQueue;
import dev.unmask.store.Digest;
import dev.unmask.testkit.TinyModel;
import dev.unmask.text.LladaTokenizer;
import dev.unmask.v1.WorkerState;
import dev.unmask.v1.WorkerStatus;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Shelves of one base that have room for one model each, beside a topic in memory. */
class DrainFirstTest {

  private static final long BYTES = 60;
  private static final long ROOM = 100;
  private static final Digest OLD = digest("old");
  private static final Digest NEW = digest("new");
  private static final Digest OTHER = digest("other");
  private static final Digest HUGE = digest("huge");

  private static LladaTokenizer tokenizer;

  /** What aliases say, the default one first. */
  private volatile Set<Digest> aliased = Set.of(OLD);

  private final List<Worker> workers = new ArrayList<>();
  private final AtomicInteger mostDraining = new AtomicInteger();

  @BeforeAll
  static void readTokenizer(@TempDir Path folder) throws Exception {
    tokenizer = LladaTokenizer.load(TinyModel.small().write(folder.resolve("model")));
  }

  @AfterAll
  static void closeTokenizer() {
    tokenizer.close();
  }

  @AfterEach
  void close() {
    workers.forEach(worker -> worker.shelf.close());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4, 8})
  void newWeightsAreJudgedInTurnsAndThenServeInTurns(int samplers) throws Exception {
    start(samplers);

    workers.forEach(worker -> ignore(worker.shelf.want(NEW)));
    await(() -> workers.stream().allMatch(worker -> worker.loaded.contains(NEW)));
    await(() -> workers.stream().allMatch(worker -> worker.serves(OLD)));
    assertThat(workers)
        .allSatisfy(worker -> {
          assertThat(worker.loaded).as("judged, and back").containsExactly(OLD, NEW, OLD);
          assertThat(worker.alone).containsExactly(false, true, false);
        });
    assertThat(mostDraining).hasValueBetween(1, Math.max(1, samplers / 4));

    aliased = Set.of(NEW);
    workers.forEach(worker -> ignore(worker.shelf.keep(NEW)));
    await(() -> workers.stream().allMatch(worker -> worker.serves(NEW)));
    assertThat(workers)
        .allSatisfy(worker -> {
          assertThat(worker.loaded).containsExactly(OLD, NEW, OLD, NEW);
          assertThat(worker.held).as("never two at once").hasValue(1);
        });
    assertThat(mostDraining).hasValueLessThanOrEqualTo(Math.max(1, samplers / 4));
  }

  @Test
  void whatRunsEndsBeforeItsWeightsGoAndWhoAsksMeanwhileIsAnswered() throws Exception {
    start(1);
    Worker worker = workers.getFirst();
    Lease running = worker.shelf.lease(OLD).get(10, TimeUnit.SECONDS);

    ignore(worker.shelf.want(NEW));
    await(worker.shelf::isDraining);
    CompletableFuture<Lease> late = worker.shelf.lease(OLD);
    assertThat(worker.closed).as("it still runs").isEmpty();
    assertThat(worker.loaded).containsExactly(OLD);
    running.close();

    late.get(10, TimeUnit.SECONDS).close();
    await(() -> worker.serves(OLD));
    assertThat(worker.loaded).containsExactly(OLD, NEW, OLD);
    assertThat(worker.closed).containsExactly(OLD, NEW);
  }

  @Test
  void whatOnlyAnAliasKeepsDrainsNothingButARequestForItDoes() throws Exception {
    start(1);
    Worker worker = workers.getFirst();
    CompletableFuture<ServedModel> kept = worker.shelf.keep(OTHER);
    assertThatThrownBy(() -> kept.get(10, TimeUnit.SECONDS)).hasMessageContaining("do not fit");
    assertThat(worker.serves(OLD)).isTrue();
    assertThat(mostDraining).hasValue(0);

    worker.shelf.lease(OTHER).get(10, TimeUnit.SECONDS).close();
    await(() -> worker.serves(OLD));
    assertThat(worker.loaded).containsExactly(OLD, OTHER, OLD);
  }

  @Test
  void brokenWeightsCostNothingButTheirTurn() throws Exception {
    start(4);
    workers.forEach(worker -> {
      worker.broken = NEW;
      ignore(worker.shelf.want(NEW));
    });
    await(() -> workers.stream().allMatch(worker -> worker.loaded.contains(NEW)));
    await(() -> workers.stream().allMatch(worker -> worker.serves(OLD)));
    assertThat(mostDraining).hasValue(1);
  }

  @Test
  void whatCanNeverFitIsReportedWithTheNumbersAndNothingDrains() throws Exception {
    start(2);
    Worker worker = workers.getFirst();
    assertThatThrownBy(() -> worker.shelf.lease(HUGE).get(10, TimeUnit.SECONDS))
        .hasMessageContaining("unmask.sampler.weights-memory");
    assertThat(worker.reported).hasSize(1).first().asString().contains("the weights need 1 MB");
    assertThat(mostDraining).hasValue(0);
    assertThat(worker.serves(OLD)).isTrue();
  }

  private void start(int samplers) {
    Topic topic = new Topic();
    for (int i = 0; i < samplers; i++) {
      workers.add(new Worker("sampler-" + i, topic));
    }
    workers.forEach(worker -> ignore(worker.shelf.keep(OLD)));
    await(() -> workers.stream().allMatch(worker -> worker.serves(OLD)));
  }

  private void countDraining() {
    int now = (int) workers.stream().filter(worker -> worker.shelf.isDraining()).count();
    int unused = mostDraining.accumulateAndGet(now, Math::max);
  }

  /** What {@code unmask.workers} is to its readers: one order for all. */
  private static final class Topic {
    private final List<Worker> readers = new ArrayList<>();
    private long position;

    synchronized void say(Worker worker, long since) {
      WorkerStatus status =
          WorkerStatus.newBuilder()
              .setWorker(worker.name)
              .setBase("mini")
              .setState(WorkerState.WORKER_STATE_READY)
              .setAtMs(System.currentTimeMillis())
              .setDrainsSinceMs(since)
              .build();
      long at = position++;
      readers.forEach(reader -> reader.queue.apply(status, at));
      readers.forEach(Worker::look);
    }
  }

  /** One shelf and what was done with it. */
  private final class Worker implements WeightLoader, DrainTurn {
    final String name;
    final DrainQueue queue = new DrainQueue("mini");
    final Topic topic;
    final List<Digest> loaded = new CopyOnWriteArrayList<>();
    final List<Digest> closed = new CopyOnWriteArrayList<>();
    final List<Boolean> alone = new CopyOnWriteArrayList<>();
    final List<String> reported = new CopyOnWriteArrayList<>();
    final AtomicInteger held = new AtomicInteger();
    final ModelShelf shelf;
    volatile @Nullable Digest broken;
    private long since;
    private @Nullable Runnable waiting;

    Worker(String name, Topic topic) {
      this.name = name;
      this.topic = topic;
      shelf =
          new ModelShelf(
              this,
              (model, unused) -> unused.run(),
              new ModelShelf.Limits(4, 0, ROOM),
              new ModelShelf.Aliases() {
                @Override
                public Set<Digest> aliased() {
                  return aliased;
                }

                @Override
                public boolean isNeeded(Digest digest) {
                  return aliased.contains(digest);
                }
              },
              this,
              Clock.systemUTC());
      synchronized (topic) {
        topic.readers.add(this);
        topic.say(this, 0);
      }
    }

    boolean serves(Digest digest) {
      return shelf.ready().equals(List.of(digest)) && !shelf.isDraining();
    }

    @Override
    public Needs needs(Digest digest) {
      return new Needs(Optional.empty(), digest.equals(HUGE) ? ROOM + 1 : BYTES);
    }

    @Override
    public ServedModel load(Digest digest, @Nullable ServedModel under, boolean single)
        throws UnavailableModelException {
      countDraining();
      loaded.add(digest);
      alone.add(single);
      if (digest.equals(broken)) {
        throw new UnavailableModelException(UnavailableModelException.Reason.BROKEN, "broken");
      }
      held.incrementAndGet();
      return new ServedModel(digest, "mini", new NoPredictor(), tokenizer);
    }

    @Override
    public void broken(Digest digest, UnavailableModelException why) {
      reported.add(String.valueOf(why.getMessage()));
    }

    @Override
    public void discard(ServedModel model) {
      closed.add(model.digest());
      held.decrementAndGet();
    }

    @Override
    public void stop() {}

    @Override
    public void ask(Runnable granted) {
      synchronized (topic) {
        since = topic.position + 1;
        waiting = granted;
        topic.say(this, since);
      }
    }

    @Override
    public void end() {
      synchronized (topic) {
        waiting = null;
        topic.say(this, 0);
      }
    }

    void look() {
      Runnable granted = waiting;
      if (granted != null && queue.mayDrain(name, since, System.currentTimeMillis())) {
        waiting = null;
        granted.run();
      }
    }
  }

  /** Nothing computes here. */
  private static final class NoPredictor implements MaskPredictor {
    @Override
    public ModelConfig config() {
      throw new UnsupportedOperationException();
    }

    @Override
    public NDArray states(NDManager owner, PackedBatch batch) {
      throw new UnsupportedOperationException();
    }

    @Override
    public NDArray head(NDManager owner, NDArray states) {
      throw new UnsupportedOperationException();
    }

    @Override
    public KeyValueCache newCache(int length) {
      throw new UnsupportedOperationException();
    }
  }

  private static void await(BooleanSupplier condition) {
    long giveUp = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("waited for half a minute").isLessThan(giveUp);
      Thread.onSpinWait();
    }
  }

  private static void ignore(CompletableFuture<?> nobodyWaits) {
    boolean unused = nobodyWaits.isDone();
  }

  private static Digest digest(String text) {
    return Digest.of(text.getBytes(StandardCharsets.UTF_8));
  }
}
