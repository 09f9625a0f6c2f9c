package dev.unmask.sampler;

import dev.unmask.model.engine.DenoisingEngine;
import dev.unmask.model.torch.Device;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.proto.Topics;
import dev.unmask.sampler.events.EventSender;
import dev.unmask.sampler.intake.CatalogReader;
import dev.unmask.sampler.intake.ControlReader;
import dev.unmask.sampler.intake.Intake;
import dev.unmask.sampler.intake.SlotPlan;
import dev.unmask.sampler.messaging.RecordWriter;
import dev.unmask.sampler.messaging.TopicTail;
import dev.unmask.sampler.metrics.SamplerMeters;
import dev.unmask.sampler.metrics.StepGaps;
import dev.unmask.sampler.models.Catalog;
import dev.unmask.sampler.models.CheckpointLoader;
import dev.unmask.sampler.models.CheckpointVerdict;
import dev.unmask.sampler.models.Lease;
import dev.unmask.sampler.models.ModelShelf;
import dev.unmask.sampler.models.ServedModel;
import dev.unmask.sampler.models.WeightLoading;
import dev.unmask.sampler.presence.CheckpointReports;
import dev.unmask.sampler.presence.DrainTurns;
import dev.unmask.sampler.presence.Heartbeat;
import dev.unmask.sampler.schedule.CancelLedger;
import dev.unmask.sampler.schedule.DrawSource;
import dev.unmask.sampler.schedule.ModelTally;
import dev.unmask.sampler.schedule.Scheduler;
import dev.unmask.sampler.schedule.StoredDraws;
import dev.unmask.sampler.schedule.TalliedRuns;
import dev.unmask.sampler.tracing.CheckpointTraces;
import dev.unmask.store.ArtifactStore;
import dev.unmask.store.Digest;
import dev.unmask.store.StoreException;
import dev.unmask.tracing.Tracing;
import dev.unmask.v1.CheckpointRecord;
import dev.unmask.v1.WorkerState;
import dev.unmask.v1.WorkerStatus;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.admin.Admin;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * A whole sampler. {@link #start()} returns at once: the worker begins to take requests when it
 * knows what is published and its default model is loaded. {@link #close()} drains.
 */
public final class SamplerWorker implements AutoCloseable {

  private static final Logger LOG = Logger.getLogger(SamplerWorker.class);

  /**
   * How the worker stands.
   *
   * @param kafka whether a broker acknowledged something lately
   * @param defaultModel whether the base's default model can be leased
   * @param trouble what keeps the worker from Kafka, in words that give nothing away
   */
  public record Standing(
      boolean kafka, boolean defaultModel, String state, Optional<String> trouble) {
    public boolean ready() {
      return kafka && defaultModel && state.equals(name(WorkerState.WORKER_STATE_READY));
    }
  }

  private final SamplerOptions options;
  private final Clock clock = Clock.systemUTC();
  private final SamplerMeters meters;
  private final CheckpointTraces checkpointTraces;
  private final DenoisingEngine engine;
  private final RecordWriter writer;
  private final EventSender events;
  private final Admin admin;
  private final Catalog catalog;
  private final ModelShelf shelf;
  private final Heartbeat heartbeat;
  private final DrainTurns turns;
  private final ModelTally tally = new ModelTally();
  private final StepGaps gaps = new StepGaps();
  private final TopicTail catalogTail;
  private final TopicTail controlTail;
  private final Intake intake;
  private volatile boolean taking;
  private volatile boolean closed;

  /** One whose requests nobody traces. */
  public SamplerWorker(SamplerOptions options, MeterRegistry registry) throws StoreException {
    this(options, registry, Tracing.off());
  }

  /**
   * Makes every part; nothing runs yet.
   *
   * @param tracing closed by whoever made it, after this
   * @throws StoreException when the store's folder cannot be used
   * @throws IllegalArgumentException with a sentence when options exclude each other
   */
  public SamplerWorker(SamplerOptions options, MeterRegistry registry, Tracing tracing)
      throws StoreException {
    this.options = options;
    String worker = options.kafka().worker();
    meters = new SamplerMeters(registry);
    checkpointTraces = new CheckpointTraces(tracing);
    var plan = SlotPlan.of(options.base(), options.slots(), options.bulkSlots());
    ArtifactStore store = options.store().open();
    engine = new DenoisingEngine(EngineSetup.options(meters, options.memory(), this::stepped));
    writer = new RecordWriter(options.kafka(), meters::produced);
    events = new EventSender(writer, worker, meters, clock);
    admin = Admin.create(options.kafka().admin());
    catalog = new Catalog(options.base(), digest -> isOurs(store, digest));
    CheckpointReports reports = new CheckpointReports(writer, worker, clock);
    heartbeat = new Heartbeat(writer, this::status, options.heartbeat(), clock);
    turns = new DrainTurns(options.kafka(), options.base(), heartbeat::beatNow, clock);
    shelf =
        new ModelShelf(
            new CheckpointLoader(
                store,
                options.base(),
                worker,
                options.cacheDir(),
                new WeightLoading(options.device(), options.precision(), options.memory()),
                engine,
                options.probePatience(),
                reference(),
                options.store().trusted(),
                verdict -> {
                  if (verdict instanceof CheckpointVerdict.Loading) {
                    gaps.beginAnew();
                  }
                  meters.checkpoint(verdict);
                  checkpointTraces.judged(verdict);
                  reports.accept(verdict);
                }),
            engine::retire,
            options.models(),
            catalog,
            turns,
            clock);
    CancelLedger cancels = new CancelLedger(clock);
    controlTail =
        new TopicTail(
            options.kafka(), "control-reader", Set.of(Topics.CONTROL), new ControlReader(cancels));
    catalogTail =
        new TopicTail(
            options.kafka(),
            "catalog-reader",
            Set.of(Topics.CHECKPOINTS, Topics.ALIASES),
            new CatalogReader(catalog, this::published, this::aliased, this::withdrawn));
    intake =
        new Intake(
            options.kafka(),
            admin,
            options.base(),
            plan,
            this::hasRoom,
            options.renewEvery(),
            options.lastDelivery(),
            new Scheduler(
                catalog,
                shelf,
                engine,
                cancels,
                new TalliedRuns(meters, tally),
                options.recordedDraws() ? new StoredDraws(store) : DrawSource.REFUSED,
                clock),
            events,
            meters,
            tracing,
            clock);
    meters.gauge("unmask_worker_up", () -> 1);
    if (options.device() instanceof Device.Cuda cuda) {
      meters.gauge("unmask_gpu_memory_used_bytes", () -> TorchRuntime.usedBytes(cuda));
    }
    meters.gauge("unmask_step_longest_gap_seconds", () -> gaps.longestGap() / 1e3);
    meters.gauge("unmask_engine_requests_waiting", () -> engine.load().waiting());
    meters.gauge("unmask_engine_backlog_seconds", () -> engine.load().drainMillis() / 1e3);
    meters.gauge(
        "unmask_worker_draining",
        () -> heartbeat.state() == WorkerState.WORKER_STATE_DRAINING ? 1 : 0);
    meters.gauge(
        "unmask_requests_on_previous_version",
        () -> catalog.defaultDigest().map(shelf::leasesBesides).orElse(0));
  }

  /** Starts reading; takes requests as soon as the default model is loaded. */
  public void start() {
    heartbeat.start();
    controlTail.start();
    catalogTail.start();
    var ignored =
        CompletableFuture.allOf(catalogTail.caughtUp(), controlTail.caughtUp())
            .thenRun(this::takeUpPublished);
  }

  /** How the worker stands now. */
  public Standing standing() {
    return new Standing(
        heartbeat.heard(),
        catalog.defaultDigest().filter(shelf.ready()::contains).isPresent(),
        name(heartbeat.state()),
        heartbeat.trouble().or(catalogTail::trouble).or(controlTail::trouble));
  }

  /**
   * Completes, with true, when the engine ended by a fault: the process has to be started again.
   */
  CompletableFuture<Boolean> engineEnded() {
    return engine.ended();
  }

  /** Takes nothing new, ends what runs, gives back the rest, says STOPPED. */
  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    heartbeat.enter(WorkerState.WORKER_STATE_DRAINING);
    try {
      intake.drain(options.drainPatience());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    catalogTail.close();
    controlTail.close();
    turns.close();
    shelf.close();
    engine.close();
    events.close();
    heartbeat.close();
    writer.close();
    admin.close();
    LOG.infof("event=stopped");
  }

  private void takeUpPublished() {
    Instant recent = clock.instant().minus(options.recentCheckpoint());
    catalog.aliased().stream().filter(this::isKeptReady).forEach(this::keep);
    for (CheckpointRecord published : catalog.published()) {
      if (published.getAtMs() > recent.toEpochMilli()) {
        load(Digest.parse(published.getDigest()));
      }
    }
  }

  private void published(Digest digest, @Nullable String traceparent) {
    if (catalogTail.caughtUp().isDone()) {
      checkpointTraces.published(digest, traceparent);
      load(digest);
    }
  }

  private void aliased(Digest digest) {
    if (catalogTail.caughtUp().isDone()) {
      if (isKeptReady(digest)) {
        keep(digest);
      }
      shelf.trim();
    }
  }

  /** Adapters can be many, so those that are no default wait until somebody asks for them. */
  private boolean isKeptReady(Digest aliased) {
    return !catalog.isAdapter(aliased)
        || catalog.isTried(aliased)
        || catalog.defaultDigest().filter(aliased::equals).isPresent();
  }

  /** Engine thread. */
  private void stepped(Duration took) {
    gaps.stepped(took, System.nanoTime(), engine.running() > 0);
  }

  private CheckpointLoader.Reference reference() {
    return new CheckpointLoader.Reference() {
      @Override
      public Optional<Digest> digest() {
        return catalog.defaultDigest();
      }

      @Override
      public @Nullable Lease lease(Digest other) {
        return shelf.reference(other);
      }
    };
  }

  private void withdrawn(Digest digest) {
    shelf.withdraw(digest);
  }

  /** Whether it may take one more request. */
  private boolean hasRoom() {
    return engine.hasRoom() && !shelf.isDraining();
  }

  /** To be judged, whatever an alias says. */
  private void load(Digest digest) {
    loaded(digest, shelf.want(digest));
  }

  /** Because of an alias. */
  private void keep(Digest digest) {
    loaded(digest, shelf.keep(digest));
  }

  private void loaded(Digest digest, CompletableFuture<ServedModel> loading) {
    var ignored =
        loading.thenRun(() -> {
          if (catalog.defaultDigest().filter(digest::equals).isPresent()) {
            takeRequests();
          }
        });
  }

  private void takeRequests() {
    synchronized (this) {
      if (taking || closed) {
        return;
      }
      taking = true;
      intake.start();
    }
    heartbeat.enter(WorkerState.WORKER_STATE_READY);
  }

  private WorkerStatus status() {
    List<String> digests = shelf.ready().stream().map(Digest::toString).toList();
    meters.loaded(digests);
    return WorkerStatus.newBuilder()
        .setWorker(options.kafka().worker())
        .setBase(options.base())
        .addAllDigests(digests)
        .setSlots(intake.slots())
        .setFreeSlots(hasRoom() ? intake.freeSlots() : 0)
        .addAllUses(tally.uses(shelf.ready()))
        .setLongestGapMs(gaps.longestGap())
        .setLongestStepMs(gaps.longestStep())
        .setDrainsSinceMs(turns.since())
        .setStepMs(engine.meanStepMillis())
        .setRunning(meters.running())
        .setWaiting(engine.load().waiting())
        .setForwards(meters.forwards())
        .setTokens(meters.tokens())
        .setVersion(version())
        .setPrecision(
            options
                .precision()
                .resolved(options.device())
                .name()
                .toLowerCase(java.util.Locale.ROOT))
        .build();
  }

  private boolean isOurs(ArtifactStore store, Digest digest) {
    try {
      return store.hasManifest(digest) && store.readManifest(digest).base().equals(options.base());
    } catch (StoreException e) {
      return false; // damaged; whoever loads it by its record hears why
    }
  }

  private static String version() {
    @Nullable String version = SamplerWorker.class.getPackage().getImplementationVersion();
    return version == null ? "dev" : version;
  }

  private static String name(WorkerState state) {
    return state.name().substring("WORKER_STATE_".length());
  }
}
