package dev.unmask.gateway.flow.release;

import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.admission.ModelName;
import dev.unmask.gateway.flow.cluster.Checkpoint;
import dev.unmask.gateway.flow.cluster.ClusterView;
import dev.unmask.store.Digest;
import dev.unmask.store.release.AliasMove;
import dev.unmask.store.release.AliasState;
import dev.unmask.store.release.AliasTable;
import dev.unmask.store.release.Canary;
import dev.unmask.store.release.Gates;
import dev.unmask.v1.ActivateModelRequest;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.ModelReport;
import dev.unmask.v1.ModelState;
import dev.unmask.v1.RollbackModelRequest;
import dev.unmask.v1.WithdrawModelRequest;
import dev.unmask.v1.WorkerStatus;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Moves aliases, each in this order: the samplers hold the weights (they are staged when one does
 * not), the gates are passed, the record is written for the epoch that follows the one seen at the
 * beginning, and it is read back. Nothing moves when any of it fails, and the caller hears why.
 *
 * <p>Thread-safe; calls block for as long as the samplers need. {@link InterruptedException} leaves
 * the alias as it is.
 */
public final class AliasMoves {

  private static final Duration READ_BACK = Duration.ofSeconds(15);
  private static final Duration ON_ITS_WAY = Duration.ofSeconds(2);
  private static final Duration RETRY = Duration.ofSeconds(1);
  private static final long LOOK_MS = 20;

  /** Clocks of different machines are that close. */
  private static final long SKEW_MS = 5_000;

  private final ClusterView cluster;
  private final AliasOutbox outbox;
  private final String actor;
  private final Clock clock;

  /**
   * @param actor who is said to have moved an alias
   */
  public AliasMoves(ClusterView cluster, AliasOutbox outbox, String actor, Clock clock) {
    this.cluster = cluster;
    this.outbox = outbox;
    this.actor = actor;
    this.clock = clock;
  }

  /** Points an alias to published weights, or gives them a share of its requests. */
  public AliasState activate(ActivateModelRequest request)
      throws RefusedException, InterruptedException {
    ModelName.Pinned pinned = Asked.pinned(request.getModel());
    AliasTable.Name name = new AliasTable.Name(pinned.name(), Asked.alias(request.getAlias()));
    Asked asked = Asked.of(request);
    Canary canary = Asked.canary(request);
    Checkpoint checkpoint = published(pinned);
    Digest digest = Digest.parse(checkpoint.digest());
    AliasState now = state(name);
    expect(name, now, asked.epoch());
    if (now != null && now.digest().equals(digest) && now.candidate() == null) {
      return now;
    }
    if (now == null && canary != null) {
      throw refused(
          name
              + " points nowhere yet, so there is nothing to compare a canary with; leave it out.");
    }
    if (now != null && now.onTrial() && !digest.equals(now.candidate())) {
      throw refused(
          name
              + " has a canary of "
              + now.candidate()
              + " under way (epoch "
              + now.epoch()
              + "); end it first with a rollback.");
    }
    return move(name, now, checkpoint, canary, asked);
  }

  /** The checkpoint; its record may be on its way, because whoever published it knows it first. */
  private Checkpoint published(ModelName.Pinned pinned)
      throws RefusedException, InterruptedException {
    long giveUp = System.nanoTime() + ON_ITS_WAY.toNanos();
    while (true) {
      try {
        return cluster.checkpoint(pinned);
      } catch (RefusedException e) {
        if (System.nanoTime() > giveUp) {
          throw e;
        }
        Thread.sleep(LOOK_MS);
      }
    }
  }

  /** Points an alias back, or ends its canary. */
  public AliasState rollback(RollbackModelRequest request)
      throws RefusedException, InterruptedException {
    AliasTable.Name name = aliased(request.getModel());
    Asked asked = Asked.of(request);
    AliasState now = state(name);
    if (now == null) {
      throw new RefusedException(
          new Refusal(
              ErrorCode.ERROR_CODE_NOT_FOUND, "There is no alias " + name + ".", "model", null));
    }
    expect(name, now, asked.epoch());
    Digest target;
    if (!request.getDigest().isEmpty()) {
      target = Asked.digest(request.getDigest());
    } else if (now.candidate() != null) {
      target = now.digest();
    } else {
      target =
          now.before()
              .orElseThrow(() ->
                  refused(
                      name
                          + " has pointed to "
                          + now.digest()
                          + " since its first record that this gateway knows; say which digest it"
                          + " shall have."));
    }
    if (target.equals(now.digest())) {
      // What answers goes on answering: there is nothing to load or to judge.
      return now.candidate() == null ? now : write(name, now, target, null, asked.reason());
    }
    Checkpoint checkpoint =
        cluster.checkpoint(new ModelName.Pinned(name.model(), target.toString()));
    return move(name, now, checkpoint, null, asked);
  }

  /** Takes weights back that no alias needs; the checkpoint. */
  public Checkpoint withdraw(WithdrawModelRequest request) throws RefusedException {
    Checkpoint checkpoint = cluster.checkpoint(Asked.pinned(request.getModel()));
    Digest digest = Digest.parse(checkpoint.digest());
    boolean tuned = !checkpoint.model().equals(checkpoint.base());
    List<String> holders =
        cluster.aliases().all().entrySet().stream()
            .filter(alias ->
                alias.getValue().digest().equals(digest)
                    || digest.equals(alias.getValue().candidate()))
            // A tuned model's own name goes with it.
            .filter(alias -> !(tuned && alias.getKey().model().equals(checkpoint.model())))
            .map(alias -> alias.getKey().toString())
            .toList();
    if (!holders.isEmpty()) {
      throw refused(
          digest
              + " is what "
              + String.join(", ", holders)
              + " points to or tries; move that first.");
    }
    try {
      outbox.withdraw(checkpoint.model(), checkpoint.digest());
    } catch (IOException e) {
      throw unreachable(e);
    }
    return checkpoint;
  }

  /**
   * Ends a trial: all requests get {@code digest}.
   *
   * @return the state after it; of somebody else's record when that was first
   */
  AliasState settle(AliasTable.Name name, AliasState now, Digest digest, String reason)
      throws RefusedException, InterruptedException {
    return write(name, now, digest, null, reason);
  }

  private AliasState move(
      AliasTable.Name name,
      @Nullable AliasState now,
      Checkpoint checkpoint,
      @Nullable Canary canary,
      Asked asked)
      throws RefusedException, InterruptedException {
    Digest digest = Digest.parse(checkpoint.digest());
    if (cluster.liveWorkers(checkpoint.base()).isEmpty()) {
      throw new RefusedException(
          Refusal.temporary(
              ErrorCode.ERROR_CODE_UNAVAILABLE,
              "No sampler that serves " + checkpoint.base() + " is alive; ask again later.",
              RETRY));
    }
    AliasState from = now;
    long since = 0;
    boolean staged = false;
    if (now != null && !missing(checkpoint, Long.MAX_VALUE).isEmpty()) {
      since = clock.millis() - SKEW_MS;
      if (!digest.equals(now.candidate())) {
        from = write(name, now, digest, Canary.STAGED, "staged: " + asked.reason());
        staged = true;
      }
    }
    try {
      awaitWorkers(checkpoint, since, asked.patience());
      if (canary != null && canary.percent() > 0) {
        requireRoomForBoth(name, checkpoint);
      }
      String refusal = Gates.refusal(cluster.gates(checkpoint.base(), checkpoint.digest()));
      if (!refusal.isEmpty() && !asked.force()) {
        throw refused(
            name
                + (now == null ? " is not made" : " stays at " + now.digest())
                + ", because "
                + digest
                + " does not pass its gates: "
                + refusal
                + ". `force` moves it all the same.");
      }
      return write(name, from, digest, canary, asked.reason());
    } catch (RefusedException e) {
      if (staged && from != null) {
        unstage(name, from, String.valueOf(e.getMessage()));
      }
      throw e;
    }
  }

  private void unstage(AliasTable.Name name, AliasState staged, String why)
      throws InterruptedException {
    String reason = "not activated: " + why;
    try {
      AliasState unused =
          write(
              name,
              staged,
              staged.digest(),
              null,
              reason.length() > 500 ? reason.substring(0, 500) + "…" : reason);
    } catch (RefusedException e) {
      // Somebody else has moved it meanwhile, which ends the staging as well.
      return;
    }
  }

  /** A share of the requests would have samplers load the one and the other in turn. */
  private void requireRoomForBoth(AliasTable.Name name, Checkpoint checkpoint)
      throws RefusedException {
    List<String> narrow =
        cluster.liveWorkers(checkpoint.base()).stream()
            .map(WorkerStatus::getWorker)
            .filter(worker ->
                cluster
                    .verdict(checkpoint.digest(), worker)
                    .filter(ModelReport::getAlone)
                    .isPresent())
            .toList();
    if (!narrow.isEmpty()) {
      throw refused(
          name
              + " gets no canary, because "
              + checkpoint.digest()
              + " does not fit beside the weights that serve at "
              + String.join(", ", narrow)
              + ": give these more memory (unmask.sampler.weights-memory), or activate it without"
              + " a canary.");
    }
  }

  /** Waits until every live sampler has the weights. */
  private void awaitWorkers(Checkpoint checkpoint, long since, Duration patience)
      throws RefusedException, InterruptedException {
    long giveUp = System.nanoTime() + patience.toNanos();
    while (true) {
      for (WorkerStatus worker : cluster.liveWorkers(checkpoint.base())) {
        ModelReport verdict = cluster.verdict(checkpoint.digest(), worker.getWorker()).orElse(null);
        if (verdict != null
            && verdict.getState() == ModelState.MODEL_STATE_FAILED
            && verdict.getAtMs() >= since
            && !cluster.holds(worker, checkpoint.digest())) {
          throw refused(
              "The sampler "
                  + worker.getWorker()
                  + " cannot serve "
                  + checkpoint.digest()
                  + ": "
                  + verdict.getMessage()
                  + ". The alias stays.");
        }
      }
      List<String> missing = missing(checkpoint, since);
      if (missing.isEmpty()) {
        return;
      }
      if (System.nanoTime() > giveUp) {
        throw refused(
            "These samplers of "
                + checkpoint.base()
                + " have not verified "
                + checkpoint.digest()
                + " within "
                + patience.toMillis()
                + " ms: "
                + String.join(", ", missing)
                + ". The alias stays.");
      }
      Thread.sleep(LOOK_MS);
    }
  }

  /**
   * Live samplers that neither hold the weights nor verified them since then. One without room for
   * two can only have verified them and have gone back.
   */
  private List<String> missing(Checkpoint checkpoint, long since) {
    return cluster.liveWorkers(checkpoint.base()).stream()
        .filter(worker -> !cluster.holds(worker, checkpoint.digest()))
        .map(WorkerStatus::getWorker)
        .filter(worker ->
            cluster
                .verdict(checkpoint.digest(), worker)
                .filter(verdict -> verdict.getState() == ModelState.MODEL_STATE_VERIFIED)
                .filter(verdict -> verdict.getAtMs() >= since || verdict.getAlone())
                .isEmpty())
        .toList();
  }

  private AliasState write(
      AliasTable.Name name,
      @Nullable AliasState now,
      Digest digest,
      @Nullable Canary canary,
      String reason)
      throws RefusedException, InterruptedException {
    long epoch = now == null ? 1 : now.epoch() + 1;
    String id = UUID.randomUUID().toString();
    try {
      outbox.move(
          new AliasMove(
              name.model(),
              name.alias(),
              digest,
              now == null ? null : now.digest(),
              epoch,
              canary,
              reason,
              actor,
              clock.millis(),
              id));
    } catch (IOException e) {
      throw unreachable(e);
    }
    AliasState after =
        cluster
            .aliases()
            .await(name.model(), name.alias(), epoch, READ_BACK.toMillis())
            .filter(state -> state.epoch() >= epoch)
            .orElseThrow(() ->
                new RefusedException(
                    Refusal.temporary(
                        ErrorCode.ERROR_CODE_UNAVAILABLE,
                        "The move of " + name + " did not come back; look where it points.",
                        RETRY)));
    boolean won = after.moves().stream().anyMatch(move -> move.id().equals(id));
    if (!won) {
      throw lost(name, after);
    }
    return after;
  }

  private static void expect(AliasTable.Name name, @Nullable AliasState now, @Nullable Long epoch)
      throws RefusedException {
    long is = now == null ? 0 : now.epoch();
    if (epoch != null && epoch != is) {
      if (now != null) {
        throw lost(name, now);
      }
      throw new RefusedException(
          Refusal.of(
              ErrorCode.ERROR_CODE_ABORTED,
              name + " has no record yet, so its epoch is 0 and not " + epoch + "."));
    }
  }

  private static RefusedException lost(AliasTable.Name name, AliasState now) {
    AliasMove last = now.last();
    return new RefusedException(
        Refusal.of(
            ErrorCode.ERROR_CODE_ABORTED,
            name
                + " was moved by "
                + last.actor()
                + ": it has epoch "
                + now.epoch()
                + " and points to "
                + now.digest()
                + " ("
                + last.reason()
                + "). Look at it and ask again."));
  }

  private AliasTable.Name aliased(String model) throws RefusedException {
    return switch (ModelName.parse(model, "model")) {
      case ModelName.Aliased aliased -> new AliasTable.Name(aliased.name(), aliased.alias());
      case ModelName.Unnamed unnamed -> {
        List<String> bases = cluster.bases();
        if (bases.size() != 1) {
          throw new RefusedException(
              Refusal.invalid(
                  "model",
                  "model is missing and this cluster serves "
                      + (bases.isEmpty() ? "none." : String.join(", ", bases) + ".")));
        }
        yield new AliasTable.Name(bases.getFirst(), ModelName.DEFAULT_ALIAS);
      }
      case ModelName.Pinned pinned ->
          throw new RefusedException(
              Refusal.invalid(
                  "model", "model is \"" + model + "\"; an alias is wanted: name or name@alias."));
    };
  }

  private @Nullable AliasState state(AliasTable.Name name) {
    return cluster.aliases().get(name.model(), name.alias()).orElse(null);
  }

  private static RefusedException refused(String sentence) {
    return new RefusedException(Refusal.of(ErrorCode.ERROR_CODE_FAILED_PRECONDITION, sentence));
  }

  private static RefusedException unreachable(IOException e) {
    return new RefusedException(
        Refusal.temporary(
            ErrorCode.ERROR_CODE_UNAVAILABLE,
            "Kafka did not take the record: " + e.getMessage(),
            RETRY));
  }
}
