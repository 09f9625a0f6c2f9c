package dev.unmask.sampler.presence;

import dev.unmask.v1.WorkerState;
import dev.unmask.v1.WorkerStatus;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/**
 * Whose turn it is to stop serving for a while: at most a quarter of a base's samplers at once, in
 * the order in which they asked on {@code unmask.workers}, and one where there are fewer than four.
 *
 * <p>The topic has one order, which every reader sees. Whoever has read its own word knows
 * everybody who asked before it, and whoever asks later comes after it; so two who look at
 * different times cannot both think that they were first.
 *
 * <p>Thread-safe.
 */
public final class DrainQueue {

  /** A worker that was silent for longer is not live. */
  static final long SILENCE_MS = 15_000;

  /**
   * A worker by its last word.
   *
   * @param asked its rank: the position in the topic of the word with which it began to ask
   */
  record Peer(WorkerStatus status, long asked) {}

  private final String base;
  private final Map<String, Peer> peers = new HashMap<>();

  public DrainQueue(String base) {
    this.base = base;
  }

  /**
   * Folds a heartbeat.
   *
   * @param position of the record in the topic
   */
  public synchronized void apply(WorkerStatus status, long position) {
    if (!status.getBase().equals(base)) {
      return;
    }
    Peer before = peers.get(status.getWorker());
    long asked =
        before != null && before.status().getDrainsSinceMs() == status.getDrainsSinceMs()
            ? before.asked()
            : position;
    peers.put(status.getWorker(), new Peer(status, asked));
  }

  /**
   * Whether a worker may drain.
   *
   * @param since when it began to ask, as its heartbeat says; false until that was read here
   * @param now Unix milliseconds
   */
  public synchronized boolean mayDrain(String me, long since, long now) {
    return mayDrain(peers.values(), me, since, now);
  }

  /** {@link #mayDrain(String, long, long)} of these. */
  static boolean mayDrain(Collection<Peer> peers, String me, long since, long now) {
    long rank = -1;
    long serving = 0;
    for (Peer peer : peers) {
      WorkerStatus status = peer.status();
      if (status.getWorker().equals(me) && status.getDrainsSinceMs() == since) {
        rank = peer.asked();
      }
      serving += isLive(status, now) && isReady(status) ? 1 : 0;
    }
    if (rank < 0) {
      return false;
    }
    long mine = rank;
    long ahead =
        peers.stream()
            .filter(peer -> !peer.status().getWorker().equals(me))
            .filter(peer -> peer.status().getDrainsSinceMs() != 0 && isLive(peer.status(), now))
            .filter(peer -> peer.asked() < mine)
            .count();
    return ahead < Math.max(1, serving / 4);
  }

  private static boolean isReady(WorkerStatus status) {
    return status.getState() == WorkerState.WORKER_STATE_READY;
  }

  private static boolean isLive(WorkerStatus status, long now) {
    return now - status.getAtMs() <= SILENCE_MS
        && status.getState() != WorkerState.WORKER_STATE_STOPPED;
  }
}
