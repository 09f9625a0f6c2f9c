package dev.unmask.cli.top;

import dev.unmask.v1.WorkerStatus;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How fast samplers work, from two of their words: counts only grow, and each word says when it was
 * spoken. Until a sampler has spoken twice nothing is known of it; after that the last known pace
 * stays until it speaks again.
 */
final class Pace {

  /**
   * Of one sampler.
   *
   * @param steps forwards of its engine a second
   * @param tokens of answers a second
   */
  record Speed(double steps, double tokens) {

    static final Speed NONE = new Speed(0, 0);

    Speed plus(Speed other) {
      return new Speed(steps + other.steps, tokens + other.tokens);
    }
  }

  private final Map<String, WorkerStatus> words = new HashMap<>();
  private final Map<String, Speed> speeds = new HashMap<>();

  /** Takes in another look. */
  void hear(ClusterLook look) {
    for (WorkerStatus word : look.server().getWorkersList()) {
      WorkerStatus before = words.put(word.getWorker(), word);
      if (before == null || before.getAtMs() >= word.getAtMs()) {
        continue;
      }
      double seconds = (word.getAtMs() - before.getAtMs()) / 1e3;
      // Fewer than before: it was started again.
      if (word.getForwards() < before.getForwards() || word.getTokens() < before.getTokens()) {
        speeds.remove(word.getWorker());
      } else {
        speeds.put(
            word.getWorker(),
            new Speed(
                (word.getForwards() - before.getForwards()) / seconds,
                (word.getTokens() - before.getTokens()) / seconds));
      }
    }
  }

  /** Of a sampler, or null when it is not known yet. */
  @Nullable Speed of(String worker) {
    return speeds.get(worker);
  }

  /** Of those samplers of the look that are known, or null when none is. */
  @Nullable Speed ofAll(ClusterLook look) {
    Speed all = null;
    for (WorkerStatus word : look.server().getWorkersList()) {
      Speed one = of(word.getWorker());
      if (one != null) {
        all = (all == null ? Speed.NONE : all).plus(one);
      }
    }
    return all;
  }
}
