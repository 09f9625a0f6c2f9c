package dev.unmask.gateway.flow.cluster;

import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.admission.ModelName;
import dev.unmask.v1.AliasRecord;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.ModelReport;
import dev.unmask.v1.ModelState;
import dev.unmask.v1.ModelVersion;
import dev.unmask.v1.WorkerState;
import dev.unmask.v1.WorkerStatus;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.stream.Stream;

/** The state of the cluster as this gateway knows it. One writer, any reader. */
public final class ClusterView {

  private record AliasKey(String model, String alias) {}

  private record CheckpointKey(String model, String digest) {}

  private record ReportKey(String digest, String worker) {}

  private final Clock clock;
  private final Duration silence;
  private final ConcurrentMap<CheckpointKey, Checkpoint> checkpoints = new ConcurrentHashMap<>();
  private final ConcurrentMap<AliasKey, AliasRecord> aliases = new ConcurrentHashMap<>();
  private final ConcurrentMap<ReportKey, ModelReport> reports = new ConcurrentHashMap<>();
  private final ConcurrentMap<String, WorkerStatus> workers = new ConcurrentHashMap<>();

  /**
   * @param silence a worker whose last word is older than this is not live
   */
  public ClusterView(Clock clock, Duration silence) {
    this.clock = clock;
    this.silence = silence;
  }

  public void apply(Checkpoint checkpoint) {
    checkpoints.put(new CheckpointKey(checkpoint.model(), checkpoint.digest()), checkpoint);
  }

  /** The checkpoint is withdrawn. */
  public void withdraw(String model, String digest) {
    checkpoints.remove(new CheckpointKey(model, digest));
  }

  /** Moves an alias; the first record of an epoch wins, and epochs only grow. */
  public void apply(AliasRecord move) {
    aliases.merge(
        new AliasKey(move.getModel(), move.getAlias()),
        move,
        (now, next) -> next.getEpoch() > now.getEpoch() ? next : now);
  }

  public void apply(ModelReport report) {
    reports.put(new ReportKey(report.getDigest(), report.getWorker()), report);
  }

  public void apply(WorkerStatus status) {
    workers.put(status.getWorker(), status);
  }

  /** The worker's record was removed. */
  public void forgetWorker(String worker) {
    workers.remove(worker);
  }

  /**
   * Pins a name to a digest.
   *
   * @throws RefusedException NOT_FOUND with what there is instead
   */
  public ResolvedModel resolve(ModelName model) throws RefusedException {
    return switch (model) {
      case ModelName.Unnamed unnamed -> resolve(onlyBase());
      case ModelName.Aliased aliased -> {
        AliasRecord alias = aliases.get(new AliasKey(aliased.name(), aliased.alias()));
        if (alias == null) {
          throw notFound(
              "There is no model " + aliased.name() + "@" + aliased.alias() + "; " + known());
        }
        Checkpoint checkpoint =
            byDigest(alias.getDigest())
                .orElseThrow(() ->
                    notFound(
                        aliased.name()
                            + "@"
                            + aliased.alias()
                            + " points at "
                            + alias.getDigest()
                            + ", which is not published."));
        yield resolved(aliased.name(), checkpoint);
      }
      case ModelName.Pinned pinned -> {
        Checkpoint checkpoint =
            byDigest(pinned.digest())
                .filter(c -> c.model().equals(pinned.name()) || c.base().equals(pinned.name()))
                .orElseThrow(() ->
                    notFound(
                        "No checkpoint "
                            + pinned.digest()
                            + " of "
                            + pinned.name()
                            + " is published."));
        yield resolved(pinned.name(), checkpoint);
      }
    };
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

  /** Every published checkpoint, newest first; only those of {@code name} when it is not empty. */
  public List<ModelVersion> versions(String name) {
    return checkpoints.values().stream()
        .filter(c -> name.isEmpty() || c.model().equals(name))
        .sorted(
            Comparator.comparingLong(Checkpoint::createdAt)
                .reversed()
                .thenComparing(Checkpoint::model)
                .thenComparing(Checkpoint::digest))
        .map(this::version)
        .toList();
  }

  /** Bases that a default alias exists for. */
  public List<String> bases() {
    return checkpoints.values().stream()
        .map(Checkpoint::base)
        .distinct()
        .filter(b -> aliases.containsKey(new AliasKey(b, ModelName.DEFAULT_ALIAS)))
        .sorted()
        .toList();
  }

  private ModelVersion version(Checkpoint c) {
    List<WorkerStatus> live = liveWorkers(c.base());
    return ModelVersion.newBuilder()
        .setName(c.model())
        .setDigest(c.digest())
        .setBase(c.base())
        .setParentDigest(c.parentDigest())
        .setKind(c.kind())
        .setCreatedAt(c.createdAt())
        .addAllAliases(
            aliases.values().stream()
                .filter(a -> a.getDigest().equals(c.digest()))
                .map(a -> a.getModel() + "@" + a.getAlias())
                .sorted()
                .toList())
        .addAllLiveWorkers(live.stream().map(WorkerStatus::getWorker).toList())
        .addAllServingWorkers(
            live.stream()
                .filter(w -> w.getDigestsList().contains(c.digest()))
                .map(WorkerStatus::getWorker)
                .toList())
        .addAllFailures(
            reports.values().stream()
                .filter(r -> r.getDigest().equals(c.digest()))
                .filter(r -> r.getState() == ModelState.MODEL_STATE_FAILED)
                .map(r -> r.getWorker() + ": " + r.getMessage())
                .sorted()
                .toList())
        .setJobId(c.jobId())
        .setParameters(c.parameters())
        .setContextLength(c.contextLength())
        .build();
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
    return checkpoints.values().stream().filter(c -> c.digest().equals(digest)).findFirst();
  }

  private String known() {
    List<String> names = new ArrayList<>();
    Stream<AliasKey> keys = aliases.keySet().stream();
    keys.map(k ->
            k.alias().equals(ModelName.DEFAULT_ALIAS) ? k.model() : k.model() + "@" + k.alias())
        .sorted()
        .limit(10)
        .forEach(names::add);
    return names.isEmpty()
        ? "no model is published yet."
        : "this cluster has " + String.join(", ", names) + (aliases.size() > 10 ? ", …." : ".");
  }

  private static ResolvedModel resolved(String name, Checkpoint c) {
    return new ResolvedModel(name, c.digest(), c.base(), c.contextLength(), c.vocabularySize());
  }

  private static RefusedException notFound(String message) {
    return new RefusedException(
        new Refusal(ErrorCode.ERROR_CODE_NOT_FOUND, message, "model", null));
  }
}
