package dev.unmask.model.engine;

import ai.djl.ndarray.NDManager;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.sampling.Draws;
import dev.unmask.model.sampling.DreamAlgorithm;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.transformer.MaskPredictor;
import dev.unmask.model.transformer.PackedBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The published samplers at temperature 0, written as plainly as their papers have them: whole
 * rows, all logits, double precision, nothing shared with the code under test but the network.
 */
final class Reference {

  private final MaskPredictor predictor;
  private final ModelConfig config;

  Reference(MaskPredictor predictor) {
    this.predictor = predictor;
    this.config = predictor.config();
  }

  /** LLaDA without blocks: the quota of most confident slots of the whole canvas, each step. */
  int[] pureDiffusion(int[] prompt, int genLength, int steps) {
    int[] row = masked(prompt, genLength);
    for (int step = 0; step < steps; step++) {
      int[] open = masks(row);
      double[][] logits = logits(row);
      double[] confidence = new double[row.length];
      int[] token = new int[row.length];
      for (int position : open) {
        token[position] = best(logits[position]);
        confidence[position] = softmax(logits[position])[token[position]];
      }
      int quota = genLength / steps + (step < genLength % steps ? 1 : 0);
      commit(row, open, token, confidence, quota);
    }
    return canvas(prompt, row);
  }

  /** Dream's _sample at temperature 0; {@code origin} decides by the draws. */
  int[] dream(
      int[] prompt,
      int genLength,
      int steps,
      DreamAlgorithm algorithm,
      double topP,
      int topK,
      Draws draws) {
    int[] row = masked(prompt, genLength);
    for (int step = 0; step < steps; step++) {
      double t = 1 - (1 - 1e-3) * step / steps;
      double s = 1 - (1 - 1e-3) * (step + 1) / steps;
      double part = step < steps - 1 ? 1 - s / t : 1;
      int[] open = masks(row);
      double[][] logits = logits(row);
      double[] confidence = new double[row.length];
      int[] token = new int[row.length];
      for (int position : open) {
        token[position] = best(logits[position]);
        confidence[position] = confidence(logits[position], algorithm, topP, topK);
      }
      if (algorithm == DreamAlgorithm.ORIGIN) {
        for (int position : open) {
          if (draws.remasking(step, position) < part) {
            row[position] = token[position];
          }
        }
      } else {
        commit(row, open, token, confidence, (int) (open.length * part));
      }
    }
    return canvas(prompt, row);
  }

  private double confidence(double[] logits, DreamAlgorithm algorithm, double topP, int topK) {
    double[] p = softmax(logits);
    Integer[] order = IntStream.range(0, p.length).boxed().toArray(Integer[]::new);
    Arrays.sort(order, Comparator.comparingDouble((Integer i) -> -p[i]));
    double[] kept = new double[p.length];
    double sum = 0;
    for (int rank = 0; rank < order.length; rank++) {
      if ((rank > 0 && sum > topP) || (topK > 0 && rank >= topK)) {
        break;
      }
      kept[order[rank]] = p[order[rank]];
      sum += p[order[rank]];
    }
    double total = Arrays.stream(kept).sum();
    double[] q = Arrays.stream(kept).map(x -> x / total).toArray();
    return switch (algorithm) {
      case ORIGIN, MASKGIT_PLUS -> q[best(logits)];
      case TOPK_MARGIN -> q[order[0]] - q[order[1]];
      case ENTROPY -> Arrays.stream(q).map(x -> x * Math.log(x + 1e-10)).sum();
    };
  }

  private static void commit(int[] row, int[] open, int[] token, double[] confidence, int count) {
    Integer[] order = Arrays.stream(open).boxed().toArray(Integer[]::new);
    Arrays.sort(order, Comparator.comparingDouble((Integer p) -> -confidence[p]));
    for (int i = 0; i < count; i++) {
      row[order[i]] = token[order[i]];
    }
  }

  /** The most likely column that is a token and not the mask. */
  private int best(double[] logits) {
    int best = -1;
    for (int id = 0; id < config.vocabularySize(); id++) {
      if (id != config.tokens().mask() && (best < 0 || logits[id] > logits[best])) {
        best = id;
      }
    }
    return best;
  }

  private static double[] softmax(double[] logits) {
    double most = Arrays.stream(logits).max().orElseThrow();
    double[] e = Arrays.stream(logits).map(z -> Math.exp(z - most)).toArray();
    double sum = Arrays.stream(e).sum();
    return Arrays.stream(e).map(x -> x / sum).toArray();
  }

  private double[][] logits(int[] row) {
    PackedBatch batch = new PackedBatch();
    batch.add(row, IntStream.range(0, row.length).toArray());
    float[] flat;
    try (NDManager manager = TorchRuntime.newManager()) {
      flat = predictor.logits(manager, batch).toFloatArray();
    }
    int columns = config.embeddingSize();
    List<double[]> rows = new ArrayList<>();
    for (int i = 0; i < row.length; i++) {
      int from = i * columns;
      rows.add(IntStream.range(from, from + columns).mapToDouble(j -> flat[j]).toArray());
    }
    return rows.toArray(double[][]::new);
  }

  private int[] masked(int[] prompt, int genLength) {
    int[] row = Arrays.copyOf(prompt, prompt.length + genLength);
    Arrays.fill(row, prompt.length, row.length, config.tokens().mask());
    return row;
  }

  private int[] masks(int[] row) {
    return IntStream.range(0, row.length)
        .filter(position -> row[position] == config.tokens().mask())
        .toArray();
  }

  private static int[] canvas(int[] prompt, int[] row) {
    return Arrays.copyOfRange(row, prompt.length, row.length);
  }
}
