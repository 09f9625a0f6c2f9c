package dev.unmask.gateway.flow.cluster;

import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.access.Principal;
import dev.unmask.gateway.flow.admission.ModelName;
import dev.unmask.store.Digest;
import dev.unmask.store.release.AliasMove;
import dev.unmask.store.release.AliasState;
import dev.unmask.store.release.AliasTable;
import dev.unmask.store.release.GateLimits;
import dev.unmask.store.release.GateResult;
import dev.unmask.store.release.Gates;
import dev.unmask.store.release.Measured;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.ModelGate;
import dev.unmask.v1.ModelMeasurements;
import dev.unmask.v1.ModelOnWorker;
import dev.unmask.v1.ModelReport;
import dev.unmask.v1.ModelState;
import dev.unmask.v1.ModelVersion;
import dev.unmask.v1.WorkerState;
import dev.unmask.v1.WorkerStatus;
import java.time.Clock;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The state of the cluster as this gateway knows it. One writer, any reader. */
public final class ClusterView {

  private record CheckpointKey(String model, String digest) {}

  private record ReportKey(String digest, String worker) {}

  private final Clock clock;
  private final Duration silence;
  private final GateLimits limits;
  private final ConcurrentMap<CheckpointKey, Checkpoint> checkpoints = new ConcurrentHashMap<>();

  /** The same by digest, for what every request asks. */
  private final ConcurrentMap<String, Checkpoint> byDigest = new ConcurrentHashMap<>();

  private final AliasTable aliases = new AliasTable();

  /** The last word on each checkpoint. */
  private final ConcurrentMap<ReportKey, ModelReport> reports = new ConcurrentHashMap<>();

  /** Of them the last that judged it. */
  private final ConcurrentMap<ReportKey, ModelReport> verdicts = new ConcurrentHashMap<>();

  private final ConcurrentMap<String, WorkerStatus> workers = new ConcurrentHashMap<>();

  /**
   * @param silence a worker whose last word is older than this is not live
   * @param limits what gates allow
   */
  public ClusterView(Clock clock, Duration silence, GateLimits limits) {
    this.clock = clock;
    this.silence = silence;
    this.limits = limits;
  }

  public void apply(Checkpoint checkpoint) {
    checkpoints.put(new CheckpointKey(checkpoint.model(), checkpoint.digest()), checkpoint);
    byDigest.put(checkpoint.digest(), checkpoint);
  }

  /** The checkpoint is withdrawn. */
  public void withdraw(String model, String digest) {
    Checkpoint gone = checkpoints.remove(new CheckpointKey(model, digest));
    if (gone != null) {
      // A manifest names its model, so a digest is of one model only.
      byDigest.remove(digest, gone);
    }
  }

  /** Moves an alias; the first record of an epoch wins, and epochs only grow. */
  public void apply(AliasMove move) {
    boolean unused = aliases.apply(move);
  }

  /** Where the aliases point. */
  public AliasTable aliases() {
    return aliases;
  }

  public void apply(ModelReport report) {
    ReportKey key = new ReportKey(report.getDigest(), report.getWorker());
    reports.put(key, report);
    if (report.getState() == ModelState.MODEL_STATE_VERIFIED
        || report.getState() == ModelState.MODEL_STATE_FAILED) {
      verdicts.put(key, report);
    }
  }

  public void apply(WorkerStatus status) {
    workers.put(status.getWorker(), status);
  }

  /** The worker's record was removed. */
  public void forgetWorker(String worker) {
    workers.remove(worker);
  }

  /**
   * Pins a name to a digest, with no regard to canaries.
   *
   * @param who only what this caller may see is there
   * @throws RefusedException NOT_FOUND with what there is instead
   */
  public ResolvedModel resolve(ModelName model, Principal who) throws RefusedException {
    return resolve(model, who, AliasState::digest);
  }

  /**
   * Pins a name to a digest for one request, which a canary may take.
   *
   * @param who only what this caller may see is there
   * @throws RefusedException NOT_FOUND with what there is instead
   */
  public ResolvedModel resolve(ModelName model, Principal who, String requestId)
      throws RefusedException {
    return resolve(model, who, alias -> alias.forRequest(requestId));
  }

  private ResolvedModel resolve(ModelName model, Principal who, Function<AliasState, Digest> choice)
      throws RefusedException {
    return switch (model) {
      case ModelName.Unnamed unnamed -> resolve(onlyBase(), who, choice);
      case ModelName.Aliased aliased -> {
        AliasState alias = aliases.get(aliased.name(), aliased.alias()).orElse(null);
        if (alias == null
            || !sees(who, new AliasTable.Name(aliased.name(), aliased.alias()), alias)) {
          throw notFound(
              "There is no model " + aliased.name() + "@" + aliased.alias() + "; " + known(who));
        }
        String digest = choice.apply(alias).toString();
        Checkpoint checkpoint =
            byDigest(digest)
                .orElseThrow(() ->
                    notFound(
                        aliased.name()
                            + "@"
                            + aliased.alias()
                            + " points at "
                            + digest
                            + ", which is not published."));
        yield resolved(aliased.name(), checkpoint);
      }
      case ModelName.Pinned pinned -> {
        Checkpoint checkpoint = byDigest(pinned.digest()).orElse(null);
        if (checkpoint != null && !sees(who, checkpoint)) {
          throw noCheckpoint(pinned);
        }
        yield resolved(pinned.name(), checkpoint(pinned));
      }
    };
  }

  /**
   * Whether a checkpoint is there for a caller: it is its tenant's, or everybody's, or an operator
   * has pointed an alias of its base to it, and so given it to everybody.
   */
  private boolean sees(Principal who, Checkpoint checkpoint) {
    return who.isAdmin()
        || checkpoint.tenant().isEmpty()
        || who.owns(checkpoint.tenant())
        || aliases.all().entrySet().stream()
            .anyMatch(alias ->
                alias.getKey().model().equals(checkpoint.base())
                    && pointsTo(alias.getValue(), checkpoint.digest()));
  }

  private static boolean pointsTo(AliasState alias, String digest) {
    Digest candidate = alias.candidate();
    return alias.digest().toString().equals(digest)
        || (candidate != null && candidate.toString().equals(digest));
  }

  /** Whether an alias is there for a caller: those of bases are everybody's. */
  private boolean sees(Principal who, AliasTable.Name name, AliasState state) {
    if (who.isAdmin()) {
      return true;
    }
    // Nobody but operators sees the name of something that is gone.
    return byDigest(state.digest().toString())
        .filter(c -> c.base().equals(name.model()) || c.tenant().isEmpty() || who.owns(c.tenant()))
        .isPresent();
  }

  /** The aliases that are there for a caller. */
  public Map<AliasTable.Name, AliasState> aliases(Principal who) {
    Map<AliasTable.Name, AliasState> seen = new HashMap<>(aliases.all());
    seen.entrySet().removeIf(alias -> !sees(who, alias.getKey(), alias.getValue()));
    return seen;
  }

  /**
   * The checkpoint that a digest names, of a model or of its base.
   *
   * @throws RefusedException NOT_FOUND
   */
  public Checkpoint checkpoint(ModelName.Pinned pinned) throws RefusedException {
    return byDigest(pinned.digest())
        .filter(c -> c.model().equals(pinned.name()) || c.base().equals(pinned.name()))
        .orElseThrow(() -> noCheckpoint(pinned));
  }

  private static RefusedException noCheckpoint(ModelName.Pinned pinned) {
    return notFound("No checkpoint " + pinned.digest() + " of " + pinned.name() + " is published.");
  }

  /** Samplers of {@code base} that take requests, by their own recent word. */
  public List<WorkerStatus> liveWorkers(String base) {
    long oldest = clock.millis() - silence.toMillis();
    return workers.values().stream()
        .filter(w -> w.getBase().equals(base))
        .filter(w -> w.getState() == WorkerState.WORKER_STATE_READY)
        .filter(w -> w.getAtMs() >= oldest)
        .sorted(Comparator.comparing(WorkerStatus::getWorker))
        .toList();
  }

  /** Samplers that have been heard of lately, whatever they say. */
  public List<WorkerStatus> heardOf() {
    long oldest = clock.millis() - silence.toMillis();
    return workers.values().stream()
        .filter(w -> w.getAtMs() >= oldest)
        .sorted(Comparator.comparing(WorkerStatus::getWorker))
        .toList();
  }

  /** The live samplers of the base that weights belong to; none when they are not published. */
  public List<WorkerStatus> liveWorkersOf(String digest) {
    return byDigest(digest).map(c -> liveWorkers(c.base())).orElse(List.of());
  }

  /**
   * Every checkpoint that is there for a caller, newest first; only those of {@code name} when it
   * is not empty.
   */
  public List<ModelVersion> versions(Principal who, String name) {
    // Each is looked at once, however many versions there are.
    Map<String, List<String>> aliased =
        aliases(who).entrySet().stream()
            .collect(
                Collectors.groupingBy(
                    alias -> alias.getValue().digest().toString(),
                    Collectors.mapping(alias -> alias.getKey().toString(), Collectors.toList())));
    Map<String, List<String>> failures =
        reports.values().stream()
            .filter(r -> r.getState() == ModelState.MODEL_STATE_FAILED)
            .collect(
                Collectors.groupingBy(
                    ModelReport::getDigest,
                    Collectors.mapping(
                        r -> r.getWorker() + ": " + r.getMessage(), Collectors.toList())));
    Map<String, List<WorkerStatus>> live = new HashMap<>();
    return checkpoints.values().stream()
        .filter(c -> name.isEmpty() || c.model().equals(name))
        .filter(c -> sees(who, c))
        .sorted(
            Comparator.comparingLong(Checkpoint::createdAt)
                .reversed()
                .thenComparing(Checkpoint::model)
                .thenComparing(Checkpoint::digest))
        .map(c ->
            version(
                c,
                live.computeIfAbsent(c.base(), this::liveWorkers),
                aliased.getOrDefault(c.digest(), List.of()),
                failures.getOrDefault(c.digest(), List.of())))
        .toList();
  }

  /** Bases that a default alias exists for. */
  public List<String> bases() {
    return checkpoints.values().stream()
        .map(Checkpoint::base)
        .distinct()
        .filter(b -> aliases.get(b, ModelName.DEFAULT_ALIAS).isPresent())
        .sorted()
        .toList();
  }

  private ModelVersion version(
      Checkpoint c, List<WorkerStatus> live, List<String> aliased, List<String> failures) {
    return ModelVersion.newBuilder()
        .setName(c.model())
        .setDigest(c.digest())
        .setBase(c.base())
        .setParentDigest(c.parentDigest())
        .setKind(c.kind())
        .setCreatedAt(c.createdAt())
        .addAllAliases(aliased)
        .addAllLiveWorkers(live.stream().map(WorkerStatus::getWorker).toList())
        .addAllServingWorkers(
            live.stream().filter(w -> holds(w, c.digest())).map(WorkerStatus::getWorker).toList())
        .addAllFailures(failures.stream().sorted().toList())
        .setJobId(c.jobId())
        .setParameters(c.parameters())
        .setContextLength(c.contextLength())
        .addAllWorkers(live.stream().map(w -> onWorker(c.digest(), w)).toList())
        .build();
  }

  /**
   * Whether a worker could answer with these weights at once: by its heartbeat, or by a report that
   * is newer.
   */
  public boolean holds(WorkerStatus worker, String digest) {
    ModelReport last = reports.get(new ReportKey(digest, worker.getWorker()));
    return (last != null && last.getAtMs() > worker.getAtMs())
        ? last.getState() == ModelState.MODEL_STATE_VERIFIED
        : worker.getDigestsList().contains(digest);
  }

  /** A worker's last verdict on a checkpoint: VERIFIED or FAILED. */
  public Optional<ModelReport> verdict(String digest, String worker) {
    return Optional.ofNullable(verdicts.get(new ReportKey(digest, worker)));
  }

  /** Every gate at every live worker of the base that measured a checkpoint. */
  public List<GateResult> gates(String base, String digest) {
    return Gates.judge(
        liveWorkers(base).stream()
            .flatMap(worker -> verdict(digest, worker.getWorker()).stream())
            .filter(ModelReport::hasMeasured)
            .map(ClusterView::measured)
            .toList(),
        limits);
  }

  private static Measured measured(ModelReport report) {
    ModelMeasurements said = report.getMeasured();
    return new Measured(
        report.getWorker(),
        said.getNonFinite(),
        said.getProbeNll(),
        said.getProbes(),
        said.getEmptyAnswers(),
        said.getStepMs(),
        said.getReferenceDigest(),
        said.getReferenceProbeNll(),
        said.getReferenceStepMs());
  }

  private ModelOnWorker onWorker(String digest, WorkerStatus worker) {
    ModelReport last = reports.get(new ReportKey(digest, worker.getWorker()));
    ModelOnWorker.Builder on =
        ModelOnWorker.newBuilder()
            .setWorker(worker.getWorker())
            .setLongestGapMs(worker.getLongestGapMs())
            .setLongestStepMs(worker.getLongestStepMs());
    if (holds(worker, digest)) {
      on.setState("serving");
    } else if (last == null) {
      on.setState("unknown");
    } else {
      switch (last.getState()) {
        case MODEL_STATE_FAILED -> on.setState("failed").setMessage(last.getMessage());
        case MODEL_STATE_LOADING -> on.setState("loading");
        default -> on.setState("verified");
      }
    }
    verdict(digest, worker.getWorker())
        .filter(ModelReport::hasMeasured)
        .map(report -> Gates.judge(List.of(measured(report)), limits))
        .orElse(List.of())
        .forEach(gate ->
            on.addGates(
                ModelGate.newBuilder()
                    .setGate(gate.gate())
                    .setPassed(gate.passed())
                    .setMeasured(gate.measured())
                    .setLimit(gate.limit())
                    .setSentence(gate.sentence())));
    return on.build();
  }

  private ModelName onlyBase() throws RefusedException {
    List<String> bases = bases();
    if (bases.size() != 1) {
      throw bases.isEmpty()
          ? notFound("No model is published yet.")
          : new RefusedException(
              Refusal.invalid(
                  "model",
                  "model is missing and this cluster serves several: "
                      + String.join(", ", bases)
                      + "."));
    }
    return new ModelName.Aliased(bases.get(0), ModelName.DEFAULT_ALIAS);
  }

  private Optional<Checkpoint> byDigest(String digest) {
    return Optional.ofNullable(byDigest.get(digest));
  }

  private String known(Principal who) {
    List<String> names =
        aliases(who).keySet().stream()
            .map(k -> k.alias().equals(ModelName.DEFAULT_ALIAS) ? k.model() : k.toString())
            .sorted()
            .toList();
    return names.isEmpty()
        ? "no model is published yet."
        : "this cluster has "
            + names.stream().limit(10).collect(Collectors.joining(", "))
            + (names.size() > 10 ? ", …." : ".");
  }

  private static ResolvedModel resolved(String name, Checkpoint c) {
    return new ResolvedModel(name, c.digest(), c.base(), c.contextLength(), c.vocabularySize());
  }

  private static RefusedException notFound(String message) {
    return new RefusedException(
        new Refusal(ErrorCode.ERROR_CODE_NOT_FOUND, message, "model", null));
  }
}
