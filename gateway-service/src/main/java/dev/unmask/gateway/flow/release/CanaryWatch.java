package dev.unmask.gateway.flow.release;

import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.cluster.ClusterView;
import dev.unmask.store.Digest;
import dev.unmask.store.release.AliasMove;
import dev.unmask.store.release.AliasState;
import dev.unmask.store.release.AliasTable;
import dev.unmask.store.release.Canary;
import dev.unmask.v1.CanaryCount;
import dev.unmask.v1.ModelAlias;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Ends trials: all requests for weights that have answered often and long enough, none for weights
 * that fail, answer with nothing, or are slow. {@link #look} belongs to one thread; what there is
 * to see, anybody may ask for. Where several gateways watch, the first record of the epoch wins.
 */
public final class CanaryWatch {

  /** Fewer failures are an accident. */
  private static final long FEW_FAILURES = 3;

  /** Fewer answers say nothing about shares and means. */
  private static final long FEW_ANSWERS = 20;

  private static final int MOVES_SHOWN = 20;

  private record Trial(AliasTable.Name name, long epoch) {}

  private final ClusterView cluster;
  private final AliasMoves moves;
  private final CanaryLimits limits;
  private final Clock clock;

  /** Guarded by this. */
  private final Map<Trial, CanaryCounts> trials = new HashMap<>();

  public CanaryWatch(ClusterView cluster, AliasMoves moves, CanaryLimits limits, Clock clock) {
    this.cluster = cluster;
    this.moves = moves;
    this.limits = limits;
    this.clock = clock;
  }

  /**
   * Looks at every trial once and ends those that are decided. Blocks while a record is written.
   */
  public void look() throws InterruptedException {
    Map<AliasTable.Name, AliasState> all = cluster.aliases().all();
    synchronized (this) {
      trials
          .keySet()
          .removeIf(trial -> {
            AliasState now = all.get(trial.name());
            return now == null || now.epoch() != trial.epoch();
          });
    }
    for (Map.Entry<AliasTable.Name, AliasState> alias : all.entrySet()) {
      AliasState now = alias.getValue();
      Digest candidate = now.candidate();
      Canary canary = now.canary();
      if (now.onTrial() && candidate != null && canary != null) {
        look(alias.getKey(), now, candidate, canary);
      }
    }
  }

  private void look(AliasTable.Name name, AliasState now, Digest candidate, Canary canary)
      throws InterruptedException {
    CanaryCount tried;
    CanaryCount other;
    synchronized (this) {
      CanaryCounts counts =
          trials.computeIfAbsent(new Trial(name, now.epoch()), trial -> new CanaryCounts());
      counts.take(cluster.liveWorkersOf(candidate.toString()));
      tried = counts.of(candidate);
      other = counts.of(now.digest());
    }
    try {
      String wrong = wrong(tried, other).orElse(null);
      if (wrong != null) {
        AliasState unused =
            moves.settle(name, now, now.digest(), "canary of " + candidate + " ended: " + wrong);
      } else if (tried.getAnswered() >= canary.requests()
          && clock.millis() - now.last().atMs() >= canary.millis()) {
        AliasState unused =
            moves.settle(
                name,
                now,
                candidate,
                "canary passed: "
                    + tried.getAnswered()
                    + " answers, "
                    + tried.getFailed()
                    + " failures, "
                    + tried.getEmpty()
                    + " empty");
      }
    } catch (RefusedException e) {
      // Another gateway or an operator was first, or Kafka is away: looked at again in a moment.
      return;
    }
  }

  /** What is wrong with weights on trial, beside those they are compared with. */
  Optional<String> wrong(CanaryCount tried, CanaryCount other) {
    double failures = share(tried.getFailed(), tried.getFailed() + tried.getAnswered());
    double usual = share(other.getFailed(), other.getFailed() + other.getAnswered());
    if (tried.getFailed() >= FEW_FAILURES && failures > usual + limits.failures()) {
      return Optional.of(
          percent(failures, tried.getFailed() + tried.getAnswered(), "requests failed")
              + ", at most "
              + percent(usual + limits.failures())
              + " may");
    }
    if (tried.getAnswered() < FEW_ANSWERS) {
      return Optional.empty();
    }
    double empty = share(tried.getEmpty(), tried.getAnswered());
    double usuallyEmpty = share(other.getEmpty(), other.getAnswered());
    if (empty > usuallyEmpty + limits.empty()) {
      return Optional.of(
          percent(empty, tried.getAnswered(), "answers were empty")
              + ", at most "
              + percent(usuallyEmpty + limits.empty())
              + " may be");
    }
    double slow =
        Math.max(other.getStepMs() * limits.stepRatio(), other.getStepMs() + limits.stepSlackMs());
    if (other.getAnswered() >= FEW_ANSWERS && tried.getStepMs() > slow) {
      return Optional.of(
          String.format(
              Locale.ROOT,
              "a step took %.2f ms, at most %.2f ms are allowed beside %.2f ms of the others",
              tried.getStepMs(),
              slow,
              other.getStepMs()));
    }
    return Optional.empty();
  }

  /** An alias as the API shows it. */
  public ModelAlias message(AliasTable.Name name, AliasState state) {
    ModelAlias.Builder alias =
        ModelAlias.newBuilder()
            .setName(name.model())
            .setAlias(name.alias())
            .setEpoch(state.epoch())
            .setDigest(state.digest().toString());
    Digest candidate = state.candidate();
    Canary canary = state.canary();
    if (candidate != null && canary != null) {
      alias
          .setCandidateDigest(candidate.toString())
          .setCanaryPercent(canary.percent())
          .setCanaryRequests(canary.requests())
          .setCanarySeconds(canary.millis() / 1_000);
      synchronized (this) {
        CanaryCounts counts = trials.get(new Trial(name, state.epoch()));
        if (counts != null) {
          alias.setCandidateCount(counts.of(candidate)).setDigestCount(counts.of(state.digest()));
        }
      }
    }
    List<AliasMove> newest = state.moves().reversed();
    newest.stream().limit(MOVES_SHOWN).map(CanaryWatch::message).forEach(alias::addMoves);
    return alias.build();
  }

  private static dev.unmask.v1.AliasMove message(AliasMove move) {
    @Nullable Digest previous = move.previous();
    @Nullable Canary canary = move.canary();
    return dev.unmask.v1.AliasMove.newBuilder()
        .setEpoch(move.epoch())
        .setDigest(move.digest().toString())
        .setPreviousDigest(previous == null ? "" : previous.toString())
        .setTrial(canary != null)
        .setCanaryPercent(canary == null ? 0 : canary.percent())
        .setReason(move.reason())
        .setActor(move.actor())
        .setAtMs(move.atMs())
        .build();
  }

  private static double share(long part, long whole) {
    return whole == 0 ? 0 : (double) part / whole;
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.0f %%", 100 * share);
  }

  private static String percent(double share, long of, String what) {
    return percent(share) + " of " + of + " " + what;
  }
}
