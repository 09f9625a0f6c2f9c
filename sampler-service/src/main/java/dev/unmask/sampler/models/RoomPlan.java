package dev.unmask.sampler.models;

import java.util.ArrayList;
import java.util.List;

/**
 * How whole weights get the memory that they need within a budget, by bytes. A pure function of
 * what is held.
 */
sealed interface RoomPlan<T> {

  /**
   * Weights that take memory now.
   *
   * @param serving whether they answer by default, or carry the adapter that does
   * @param going whether they are closed as soon as their last lease ends
   */
  record Held<T>(T weights, long bytes, boolean serving, boolean going) {}

  /** There is room now. */
  record Fits<T>() implements RoomPlan<T> {}

  /** There will be room when those that are going are gone. */
  record Await<T>() implements RoomPlan<T> {}

  /** There will be room when these go too. None of them serves. */
  record LetGo<T>(List<T> weights) implements RoomPlan<T> {}

  /** There will be room only when these go too, among them the ones that serve. */
  record Drain<T>(List<T> weights) implements RoomPlan<T> {}

  /** There will never be room. */
  record Never<T>(String sentence) implements RoomPlan<T> {}

  /**
   * Decides.
   *
   * @param need bytes of the new weights
   * @param budget bytes of all weights together
   * @param held the most dispensable first
   */
  static <T> RoomPlan<T> of(long need, long budget, List<Held<T>> held) {
    if (need > budget) {
      return new Never<>(
          "the weights need "
              + megabytes(need)
              + ", but this worker may hold "
              + megabytes(budget)
              + " of weights; give it more (unmask.sampler.weights-memory), or serve smaller ones");
    }
    long over = need - budget;
    long going = 0;
    for (Held<T> one : held) {
      over += one.bytes();
      going += one.going() ? one.bytes() : 0;
    }
    if (over <= 0) {
      return new Fits<>();
    }
    over -= going;
    if (over <= 0) {
      return new Await<>();
    }
    List<T> chosen = new ArrayList<>();
    for (Held<T> one : held) {
      if (over > 0 && !one.going() && !one.serving()) {
        chosen.add(one.weights());
        over -= one.bytes();
      }
    }
    if (over <= 0) {
      return new LetGo<>(chosen);
    }
    held.stream()
        .filter(one -> !one.going() && one.serving())
        .map(Held::weights)
        .forEach(chosen::add);
    return new Drain<>(chosen);
  }

  private static String megabytes(long bytes) {
    return Math.ceilDiv(bytes, 1 << 20) + " MB";
  }
}
