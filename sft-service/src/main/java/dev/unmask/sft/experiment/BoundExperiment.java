package dev.unmask.sft.experiment;

import dev.unmask.model.training.LossWeight;
import dev.unmask.model.training.MaskedBatch;
import dev.unmask.model.training.SlotScores;
import dev.unmask.model.training.TrainableModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;

/** The bound, over all masks there are, beside what a toy distribution really costs. */
final class BoundExperiment {

  private static final int LETTERS = 4;
  private static final int SLOTS = 4;
  private static final int BEGIN = LETTERS;
  private static final int WORDS = 256;
  private static final int STEPS = 400;
  private static final int EVERY = 40;

  /** A word's letters depend on the letter before; drawn once, the same for every seed. */
  private final double[][] chances = chances();

  Report run(int seeds) {
    List<List<Double>> bounds = new ArrayList<>();
    List<List<Double>> orders = new ArrayList<>();
    for (int seed = 1; seed <= seeds; seed++) {
      Toy toy =
          new Toy(false, LETTERS + 1, SLOTS + 1, 32, 2, STEPS, 128, 1e-2, LossWeight.INVERSE_T);
      List<double[]> seen = new ArrayList<>();
      toy.train(this::draw, seed, EVERY, (step, model) -> seen.add(judge(toy, model)));
      for (int i = 0; i < seen.size(); i++) {
        if (bounds.size() <= i) {
          bounds.add(new ArrayList<>());
          orders.add(new ArrayList<>());
        }
        bounds.get(i).add(seen.get(i)[0]);
        orders.get(i).add(seen.get(i)[1]);
      }
    }
    List<Point> bound = new ArrayList<>();
    List<Point> order = new ArrayList<>();
    List<Point> floor = new ArrayList<>();
    double entropy = entropy();
    for (int i = 0; i < bounds.size(); i++) {
      double step = EVERY * (i + 1.0);
      bound.add(Point.over(step, bounds.get(i)));
      order.add(Point.over(step, orders.get(i)));
      floor.add(new Point(step, entropy, entropy, entropy));
    }
    return new Report(
        "bound",
        "The loss bounds the negative log-likelihood (equation 6 of the paper). How near does the"
            + " bound come to what is true, and does it ever fall below?",
        "Words of 4 letters from 4, each letter drawn by the one before; 256 words with known"
            + " chances. A LLaDA of width 32 with 2 blocks, 1/t weight, 400 steps of 128 words, "
            + seeds
            + " seeds. The bound is computed with all 15 masks of all 256 words, so it has no error"
            + " of its own; the line of one order reads the same network from left to right, which"
            + " is an exact likelihood.",
        new Chart(
            "The bound and the exact likelihood of a toy distribution",
            "steps",
            "nats for each word",
            false,
            List.of(
                new Line("bound over all masks", bound),
                new Line("likelihood from left to right", order),
                new Line("entropy of the words", floor))));
  }

  /** The bound, and the likelihood in one order, both as expectations over the true words. */
  private double[] judge(Toy toy, TrainableModel model) {
    int masks = (1 << SLOTS) - 1;
    int length = SLOTS + 1;
    long[] clean = new long[WORDS * masks * length];
    BitSet masked = new BitSet();
    for (int word = 0; word < WORDS; word++) {
      for (int mask = 1; mask <= masks; mask++) {
        int row = word * masks + mask - 1;
        clean[row * length] = BEGIN;
        for (int i = 0; i < SLOTS; i++) {
          clean[row * length + 1 + i] = letter(word, i);
          masked.set(row * length + 1 + i, ((mask >> i) & 1) == 1);
        }
      }
    }
    double[] p = new double[WORDS * masks];
    Arrays.fill(p, 1);
    SlotScores scores =
        model.scores(
            MaskedBatch.of(
                clean, masked, p, new int[WORDS * masks], toy.mask(), LossWeight.UNIFORM));
    double bound = 0;
    double leftToRight = 0;
    int n = 0;
    for (int word = 0; word < WORDS; word++) {
      double chance = chance(word);
      for (int mask = 1; mask <= masks; mask++) {
        int count = Integer.bitCount(mask);
        // 1/L for the count, 1/C(L, l) for the mask, L/l for the weight.
        double factor = 1.0 / (choose(count) * count);
        boolean suffix = mask == (1 << SLOTS) - (1 << (SLOTS - count));
        for (int i = 0; i < SLOTS; i++) {
          if (((mask >> i) & 1) == 1) {
            double nats = scores.crossEntropy()[n++];
            bound += chance * factor * nats;
            leftToRight += suffix && i == SLOTS - count ? chance * nats : 0;
          }
        }
      }
    }
    return new double[] {bound, leftToRight};
  }

  private static double choose(int l) {
    return switch (l) {
      case 1, 3 -> 4;
      case 2 -> 6;
      default -> 1;
    };
  }

  private static int letter(int word, int i) {
    return (word >> (2 * i)) & 3;
  }

  private double chance(int word) {
    double chance = 1;
    int before = LETTERS;
    for (int i = 0; i < SLOTS; i++) {
      chance *= chances[before][letter(word, i)];
      before = letter(word, i);
    }
    return chance;
  }

  private double entropy() {
    double entropy = 0;
    for (int word = 0; word < WORDS; word++) {
      double chance = chance(word);
      entropy -= chance * Math.log(chance);
    }
    return entropy;
  }

  private int[] draw(SplittableRandom random) {
    int[] row = new int[SLOTS + 1];
    row[0] = BEGIN;
    int before = LETTERS;
    for (int i = 0; i < SLOTS; i++) {
      double at = random.nextDouble();
      int letter = 0;
      while (letter < LETTERS - 1 && at >= chances[before][letter]) {
        at -= chances[before][letter++];
      }
      row[i + 1] = letter;
      before = letter;
    }
    return row;
  }

  private static double[][] chances() {
    SplittableRandom random = new SplittableRandom(11);
    double[][] chances = new double[LETTERS + 1][LETTERS];
    for (double[] row : chances) {
      double sum = 0;
      for (int i = 0; i < LETTERS; i++) {
        row[i] = Math.pow(random.nextDouble(), 3) + 0.02;
        sum += row[i];
      }
      for (int i = 0; i < LETTERS; i++) {
        row[i] /= sum;
      }
    }
    return chances;
  }
}
