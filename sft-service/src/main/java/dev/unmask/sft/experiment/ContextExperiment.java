package dev.unmask.sft.experiment;

import dev.unmask.model.training.LossWeight;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** In-context learning: a row shows examples of one of several functions, then asks for a value. */
final class ContextExperiment {

  private static final int VALUES = 8;
  private static final int FUNCTIONS = 12;
  private static final int MOST = 5;
  private static final int BEGIN = 2 * VALUES;
  private static final int LENGTH = 2 * (MOST + 1) + 1;
  private static final int STEPS = 900;
  private static final int ASKED = 600;

  private final int[][] functions = functions();

  Report run(int seeds) {
    List<Line> lines = new ArrayList<>();
    for (boolean causal : new boolean[] {false, true}) {
      Toy toy = new Toy(causal, BEGIN + 1, LENGTH, 64, 3, STEPS, 64, 3e-3, LossWeight.UNIFORM);
      List<List<Double>> shares = new ArrayList<>();
      for (int shown = 0; shown <= MOST; shown++) {
        shares.add(new ArrayList<>());
      }
      for (int seed = 1; seed <= seeds; seed++) {
        toy.train(
            this::draw,
            seed,
            STEPS,
            (step, model) -> {
              for (int shown = 0; shown <= MOST; shown++) {
                shares.get(shown).add(accuracy(toy, model, shown));
              }
            });
      }
      List<Point> points = new ArrayList<>();
      for (int shown = 0; shown <= MOST; shown++) {
        points.add(Point.over(shown, shares.get(shown)));
      }
      lines.add(new Line(toy.kind(), points));
    }
    List<Point> best = new ArrayList<>();
    for (int shown = 0; shown <= MOST; shown++) {
      double reachable = reachable(shown);
      best.add(new Point(shown, reachable, reachable, reachable));
    }
    lines.add(new Line("best possible", best));
    return new Report(
        "in-context",
        "Does a row's answer get better with the examples that the row shows?",
        "12 fixed functions from 8 values to 8; a row draws one of them and shows pairs of value"
            + " and result, all values different; asked is the result for a value not shown yet."
            + " Width 64, 3 blocks, "
            + STEPS
            + " steps of 64 rows of 6 pairs, "
            + seeds
            + " seeds, "
            + ASKED
            + " questions for each number of examples. In the question LLaDA sees masks where"
            + " further pairs would stand. The best possible answer knows all 12 functions.",
        new Chart(
            "Accuracy by the number of examples shown",
            "examples shown",
            "share of right answers",
            false,
            lines));
  }

  private double accuracy(Toy toy, dev.unmask.model.training.TrainableModel model, int shown) {
    SplittableRandom random = new SplittableRandom(5);
    int[][] rows = new int[ASKED][];
    for (int i = 0; i < ASKED; i++) {
      rows[i] = draw(random);
      // What would follow the question is not known yet.
      for (int slot = 2 * shown + 3; slot < LENGTH && !toy.causal(); slot++) {
        rows[i][slot] = toy.mask();
      }
    }
    return toy.accuracy(model, rows, 2 * shown + 2);
  }

  /** Of those functions that agree with all that is shown, the most frequent result is said. */
  private double reachable(int shown) {
    SplittableRandom random = new SplittableRandom(5);
    double right = 0;
    for (int n = 0; n < ASKED; n++) {
      int[] row = draw(random);
      int[] votes = new int[VALUES];
      int most = 0;
      for (int[] function : functions) {
        boolean agrees = true;
        for (int i = 0; i < shown; i++) {
          agrees &= VALUES + function[row[1 + 2 * i]] == row[2 + 2 * i];
        }
        if (agrees) {
          most = Math.max(most, ++votes[function[row[1 + 2 * shown]]]);
        }
      }
      int all = 0;
      for (int vote : votes) {
        all += vote;
      }
      right += (double) most / all;
    }
    return right / ASKED;
  }

  private int[] draw(SplittableRandom random) {
    int[] function = functions[random.nextInt(FUNCTIONS)];
    int[] values = new int[VALUES];
    int[] row = new int[LENGTH];
    row[0] = BEGIN;
    for (int i = 0; i < VALUES; i++) {
      values[i] = i;
    }
    for (int i = 0; i <= MOST; i++) {
      int j = i + random.nextInt(VALUES - i);
      int value = values[j];
      values[j] = values[i];
      values[i] = value;
      row[1 + 2 * i] = value;
      row[2 + 2 * i] = VALUES + function[value];
    }
    return row;
  }

  private static int[][] functions() {
    SplittableRandom random = new SplittableRandom(3);
    int[][] functions = new int[FUNCTIONS][VALUES];
    for (int[] function : functions) {
      for (int i = 0; i < VALUES; i++) {
        function[i] = random.nextInt(VALUES);
      }
    }
    return functions;
  }
}
