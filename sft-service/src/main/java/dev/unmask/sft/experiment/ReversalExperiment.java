package dev.unmask.sft.experiment;

import dev.unmask.model.training.LossWeight;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Facts "A is B" are learned; of half of the pairs also "B was A". Asked is "B was ?" of the other
 * half, a question whose form is known and whose answer was only ever seen the other way round.
 */
final class ReversalExperiment {

  private static final int PAIRS = 40;
  private static final int IS = 2 * PAIRS;
  private static final int WAS = IS + 1;
  private static final int BEGIN = IS + 2;
  private static final int VOCABULARY = IS + 3;
  private static final int LENGTH = 4;
  private static final int STEPS = 1200;
  private static final int EVERY = 120;

  /** What is asked. */
  private enum Asked {
    FORWARD,
    REVERSED,
    GAP
  }

  Report run(int seeds) {
    List<Line> lines = new ArrayList<>();
    for (boolean causal : new boolean[] {false, true}) {
      Toy toy = new Toy(causal, VOCABULARY, LENGTH, 64, 2, STEPS, 64, 3e-3, LossWeight.UNIFORM);
      Map<Asked, List<List<Double>>> seen = new EnumMap<>(Asked.class);
      for (int seed = 1; seed <= seeds; seed++) {
        int[] fact = facts(seed);
        toy.train(
            random -> draw(fact, random),
            seed,
            EVERY,
            (step, model) -> {
              for (Asked asked : Asked.values()) {
                List<List<Double>> steps = seen.computeIfAbsent(asked, any -> new ArrayList<>());
                while (steps.size() < step / EVERY) {
                  steps.add(new ArrayList<>());
                }
                steps
                    .get(step / EVERY - 1)
                    .add(toy.accuracy(model, rows(fact, asked), asked == Asked.GAP ? 1 : 3));
              }
            });
      }
      for (Asked asked : Asked.values()) {
        if (!causal || asked != Asked.GAP) {
          List<Point> points = new ArrayList<>();
          for (int i = 0; i < STEPS / EVERY; i++) {
            points.add(Point.over(EVERY * (i + 1.0), seen.getOrDefault(asked, List.of()).get(i)));
          }
          lines.add(new Line(toy.kind() + ": " + words(asked), points));
        }
      }
    }
    return new Report(
        "reversal",
        "An autoregressive model that learns \"A is B\" does not know that B is A. Does a LLaDA?",
        "40 pairs \"A is B\"; of 20 of them \"B was A\" is learned, too. Asked are the other 20:"
            + " forward \"A is ?\", reversed \"B was ?\", and as a gap \"? is B\", which only a"
            + " model that sees to its right can be asked. Width 64, 2 blocks, "
            + STEPS
            + " steps of 64 rows, "
            + seeds
            + " seeds, the same network, data and steps for both; chance is 0.025.",
        new Chart(
            "Facts asked the way they were never told",
            "steps",
            "share of right answers",
            false,
            lines));
  }

  private static String words(Asked asked) {
    return switch (asked) {
      case FORWARD -> "A is ?";
      case REVERSED -> "B was ?";
      case GAP -> "? is B";
    };
  }

  private static int[] facts(int seed) {
    SplittableRandom random = new SplittableRandom(100 + seed);
    int[] fact = new int[PAIRS];
    for (int i = 0; i < PAIRS; i++) {
      int j = random.nextInt(i + 1);
      fact[i] = fact[j];
      fact[j] = PAIRS + i;
    }
    return fact;
  }

  private static int[] draw(int[] fact, SplittableRandom random) {
    int a = random.nextInt(PAIRS + PAIRS / 2);
    return a < PAIRS
        ? new int[] {BEGIN, a, IS, fact[a]}
        : new int[] {BEGIN, fact[a - PAIRS], WAS, a - PAIRS};
  }

  private static int[][] rows(int[] fact, Asked asked) {
    int[][] rows = new int[PAIRS / 2][];
    for (int i = 0; i < rows.length; i++) {
      int a = PAIRS / 2 + i;
      rows[i] =
          asked == Asked.REVERSED
              ? new int[] {BEGIN, fact[a], WAS, a}
              : new int[] {BEGIN, a, IS, fact[a]};
    }
    return rows;
  }
}
