package dev.unmask.model.bench;

import dev.unmask.model.engine.DenoisingEngine;
import dev.unmask.model.engine.EngineException;
import dev.unmask.model.engine.EngineOptions;
import dev.unmask.model.engine.GenerationListener;
import dev.unmask.model.engine.GenerationResult;
import dev.unmask.model.engine.GenerationTask;
import dev.unmask.model.engine.SlotCommit;
import dev.unmask.model.engine.StepResult;
import dev.unmask.model.transformer.MaskPredictor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

/**
 * What a request committed in each of its steps.
 *
 * @param steps in order, each with its commits by slot
 */
record Trajectory(List<List<SlotCommit>> steps) {

  /**
   * Runs requests through an engine.
   *
   * @param atOnce how many run together; 1 is each alone
   * @param shuffle the seed of the order in which they are asked
   */
  static List<Trajectory> of(
      MaskPredictor model, List<GenerationTask> tasks, int atOnce, long shuffle) {
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < tasks.size(); i++) {
      order.add(i);
    }
    Collections.shuffle(order, new Random(shuffle));
    Map<Integer, Trajectory> found = new TreeMap<>();
    try (DenoisingEngine engine = new DenoisingEngine(EngineOptions.defaults())) {
      for (int from = 0; from < order.size(); from += atOnce) {
        Map<Integer, Recording> running = new TreeMap<>();
        for (int i : order.subList(from, Math.min(order.size(), from + atOnce))) {
          Recording recording = new Recording();
          engine.submit(model, tasks.get(i), recording);
          running.put(i, recording);
        }
        running.forEach((i, recording) -> found.put(i, recording.end.join()));
      }
    }
    return List.copyOf(found.values());
  }

  /** Tokens committed. */
  int decisions() {
    return steps.stream().mapToInt(List::size).sum();
  }

  /**
   * How near to a tie the first step was in which {@code other} went another way: the difference of
   * the two log-probabilities that were compared (for decodings that order by something else, an
   * approximation). Empty when the two are the same.
   *
   * @param threshold what confidences were compared with, if they were not compared with each other
   */
  OptionalDouble marginWhereItLeaves(Trajectory other, OptionalDouble threshold) {
    int common = Math.min(steps.size(), other.steps.size());
    for (int step = 0; step < common; step++) {
      List<SlotCommit> mine = missing(steps.get(step), other.steps.get(step));
      List<SlotCommit> theirs = missing(other.steps.get(step), steps.get(step));
      if (!mine.isEmpty() || !theirs.isEmpty()) {
        return OptionalDouble.of(margin(mine, theirs, threshold));
      }
    }
    return steps.size() == other.steps.size()
        ? OptionalDouble.empty()
        : OptionalDouble.of(Double.POSITIVE_INFINITY);
  }

  private static double margin(
      List<SlotCommit> mine, List<SlotCommit> theirs, OptionalDouble threshold) {
    double most = 0;
    for (SlotCommit a : mine) {
      double least = Double.POSITIVE_INFINITY;
      for (SlotCommit b : theirs) {
        // Both runs saw the same row, so the confidences can stand for each other's.
        least = Math.min(least, Math.abs(Math.log(a.confidence()) - Math.log(b.confidence())));
      }
      most = Math.max(most, theirs.isEmpty() ? distance(a, threshold) : least);
    }
    for (SlotCommit b : theirs) {
      most = Math.max(most, mine.isEmpty() ? distance(b, threshold) : 0);
    }
    return most;
  }

  private static double distance(SlotCommit commit, OptionalDouble threshold) {
    return threshold.isPresent()
        ? Math.abs(Math.log(commit.confidence()) - Math.log(threshold.getAsDouble()))
        : Double.POSITIVE_INFINITY;
  }

  /** The commits of {@code step} that {@code other} does not make. */
  private static List<SlotCommit> missing(List<SlotCommit> step, List<SlotCommit> other) {
    return step.stream()
        .filter(
            a -> other.stream().noneMatch(b -> a.slot() == b.slot() && a.tokenId() == b.tokenId()))
        .toList();
  }

  private static final class Recording implements GenerationListener {
    private final List<List<SlotCommit>> steps = new ArrayList<>();
    private final CompletableFuture<Trajectory> end = new CompletableFuture<>();

    @Override
    public void onStarted() {}

    @Override
    public void onStep(StepResult step) {
      steps.add(step.commits());
    }

    @Override
    public void onFinished(GenerationResult result) {
      end.complete(new Trajectory(List.copyOf(steps)));
    }

    @Override
    public void onFailed(EngineException failure) {
      end.completeExceptionally(failure);
    }
  }
}
