package dev.unmask.sft.experiment;

import dev.unmask.model.training.LossWeight;
import java.util.ArrayList;
import java.util.List;

/** Two experiments on a chain: weights of the loss, and loss against compute. */
final class ChainExperiments {

  private static final int STEPS = 800;
  private static final int EVERY = 80;
  private static final int ROWS = 48;
  private static final int JUDGED = 1024;
  private static final long MASKS = 9;

  private final ChainData data = new ChainData();
  private final int[][] judged = data.judged(JUDGED);

  Report weights(int seeds) {
    List<Line> lines = new ArrayList<>();
    for (LossWeight weight : LossWeight.values()) {
      for (double rate : new double[] {3e-3, 1e-2}) {
        Toy toy = toy(false, 48, rate, weight);
        String name = (weight == LossWeight.UNIFORM ? "uniform" : "1/t") + ", rate " + rate;
        lines.add(new Line(name, curve(toy, seeds, step -> step)));
      }
    }
    lines.add(floor(lines.getFirst().points()));
    return new Report(
        "weights",
        "LLaDA weighs a masked token's cross-entropy by 1/t, which makes the loss a bound. Is a"
            + " uniform weight a better way to the same bound?",
        "Rows of 16 tokens of a chain of second order over 12 tokens; width 48, 2 blocks, "
            + STEPS
            + " steps of "
            + ROWS
            + " rows, two rates, "
            + seeds
            + " seeds. All are judged by the same bound on the same 1024 rows with the same masks.",
        new Chart(
            "1/t against uniform weight, judged by the bound",
            "steps",
            "nats for each token",
            false,
            lines));
  }

  Report compute(int seeds) {
    List<Line> lines = new ArrayList<>();
    for (boolean causal : new boolean[] {false, true}) {
      for (int width : new int[] {16, 32, 64}) {
        Toy toy = toy(causal, width, 5e-3, LossWeight.UNIFORM);
        double parameters = 2 * (4.0 * width * width + 6.0 * width * width);
        double perStep = 6 * parameters * ROWS * ChainData.LENGTH / 1e9;
        lines.add(
            new Line(
                toy.kind() + ", width " + width,
                curve(toy, seeds, step -> Math.round(step * perStep * 10) / 10.0)));
      }
    }
    return new Report(
        "compute",
        "How does loss fall with compute for a LLaDA and its autoregressive twin?",
        "The chain of the experiment `weights`, whose own entropy is "
            + String.format(java.util.Locale.ROOT, "%.3f", data.nats(judged))
            + " nats for each token; three widths with 2 blocks, "
            + STEPS
            + " steps of "
            + ROWS
            + " rows, "
            + seeds
            + " seeds. Compute is 6 operations for each weight of the blocks and token. For LLaDA"
            + " the figure is its bound, for the twin the likelihood itself.",
        new Chart(
            "Loss against compute for three sizes", "GFLOP", "nats for each token", false, lines));
  }

  private static Toy toy(boolean causal, int width, double rate, LossWeight weight) {
    return new Toy(
        causal, ChainData.TOKENS + 1, ChainData.LENGTH, width, 2, STEPS, ROWS, rate, weight);
  }

  private interface Axis {
    double of(int step);
  }

  private List<Point> curve(Toy toy, int seeds, Axis axis) {
    List<List<Double>> seen = new ArrayList<>();
    for (int seed = 1; seed <= seeds; seed++) {
      toy.train(
          data::draw,
          seed,
          EVERY,
          (step, model) -> {
            while (seen.size() < step / EVERY) {
              seen.add(new ArrayList<>());
            }
            seen.get(step / EVERY - 1).add(toy.nats(model, judged, MASKS));
          });
    }
    List<Point> points = new ArrayList<>();
    for (int i = 0; i < seen.size(); i++) {
      points.add(Point.over(axis.of(EVERY * (i + 1)), seen.get(i)));
    }
    return points;
  }

  private Line floor(List<Point> like) {
    double nats = data.nats(judged);
    return new Line(
        "entropy of the chain",
        like.stream().map(point -> new Point(point.x(), nats, nats, nats)).toList());
  }
}
