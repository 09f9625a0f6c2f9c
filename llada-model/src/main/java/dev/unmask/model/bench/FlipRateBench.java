package dev.unmask.model.bench;

import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.unmask.model.engine.GenerationTask;
import dev.unmask.model.engine.SlotCommit;
import dev.unmask.model.likelihood.Likelihood;
import dev.unmask.model.likelihood.LikelihoodSettings;
import dev.unmask.model.likelihood.LikelihoodTask;
import dev.unmask.model.oracle.OraclePredictor;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.model.transformer.MaskPredictor;
import dev.unmask.model.transformer.PackedBatch;
import dev.unmask.model.transformer.Precision;
import dev.unmask.text.LladaTokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/**
 * How often does another arithmetic choose another token? Canvases that the float32 network fills
 * are shown, step by step, to it and to another predictor; every masked slot is one decision, and
 * its margin is the float32 network's lead of the best logit over the second.
 *
 * <p>The float32 network's answers are scored by both as well: Monte-Carlo bounds with the same
 * masks, so that their difference is the arithmetic's.
 *
 * <p>{@code [--model DIR] [--requests N] [--every K] [--precision bf16|int8]} takes every K-th
 * step; prints one JSON object.
 */
public final class FlipRateBench {

  /** Upper ends of the bins of margins, in logits. */
  private static final double[] BINS = {
    1e-5, 1e-4, 1e-3, 1e-2, 3e-2, 1e-1, 3e-1, Double.POSITIVE_INFINITY
  };

  /** Decisions and flips by margin. */
  private static final class Tally {
    private final long[] decisions = new long[BINS.length];
    private final long[] flips = new long[BINS.length];
    private double largestFlip;
    private double largestError;
    private long orderDecisions;
    private long orderFlips;
  }

  private final MaskPredictor base;
  private final NDManager manager = TorchRuntime.newManager();

  private FlipRateBench(MaskPredictor base) {
    this.base = base;
  }

  /** See the class. */
  public static void main(String[] args) throws Exception {
    Path folder = Path.of("models/unmask-mini");
    int requests = 24;
    int every = 4;
    Precision precision = Precision.BF16;
    for (int i = 0; i + 1 < args.length; i += 2) {
      switch (args[i]) {
        case "--model" -> folder = Path.of(args[i + 1]);
        case "--requests" -> requests = Integer.parseInt(args[i + 1]);
        case "--every" -> every = Integer.parseInt(args[i + 1]);
        case "--precision" -> precision = Precision.parse(args[i + 1]);
        default -> throw new IllegalArgumentException(args[i] + " is not an option");
      }
    }
    Map<String, Object> result = new LinkedHashMap<>();
    try (LoadedModel f32 = LoadedModel.load(folder, Precision.F32);
        LoadedModel other = LoadedModel.load(folder, precision);
        OraclePredictor oracle = OraclePredictor.load(folder, f32.config());
        LladaTokenizer tokenizer = LladaTokenizer.load(folder)) {
      List<GenerationTask> tasks =
          BenchRequests.of(tokenizer, requests).stream()
              .filter(task -> task.settings().cfgScale() == 0)
              .toList();
      List<Trajectory> paths = Trajectory.of(f32, tasks, 16, 1);
      FlipRateBench bench = new FlipRateBench(f32);
      List<PackedBatch> rows = bench.rows(tasks, paths, every);
      System.err.println(rows.size() + " rows");
      result.put("rows", rows.size());
      result.put("f32_against_oracle", bench.compare(oracle, rows));
      result.put("precision", other.precision().name());
      result.put("against_f32", bench.compare(other, rows));
      result.put("answers", answers(paths, tasks, other));
      result.put("likelihood", likelihood(paths, tasks, f32, other));
    }
    System.out.println(
        new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(result));
  }

  /** The canvas before every K-th step of each path, asking for the masked slots of its block. */
  private List<PackedBatch> rows(List<GenerationTask> tasks, List<Trajectory> paths, int every) {
    List<PackedBatch> rows = new ArrayList<>();
    int mask = base.config().tokens().mask();
    for (int i = 0; i < tasks.size(); i++) {
      GenerationTask task = tasks.get(i);
      int prompt = task.promptIds().length;
      int block = task.settings().blockLength();
      int[] row = Arrays.copyOf(task.promptIds(), prompt + task.settings().genLength());
      Arrays.fill(row, prompt, row.length, mask);
      int step = 0;
      for (List<SlotCommit> commits : paths.get(i).steps()) {
        if (step++ % every == 0 && !commits.isEmpty()) {
          int start = prompt + commits.get(0).slot() / block * block;
          int[] now = row.clone();
          PackedBatch batch = new PackedBatch();
          batch.add(
              now,
              IntStream.range(start, start + block).filter(slot -> now[slot] == mask).toArray());
          rows.add(batch);
        }
        for (SlotCommit commit : commits) {
          row[prompt + commit.slot()] = commit.tokenId();
        }
      }
    }
    return rows;
  }

  private Map<String, Object> compare(MaskPredictor other, List<PackedBatch> rows) {
    Tally tally = new Tally();
    for (PackedBatch row : rows) {
      float[] mine = logits(base, row);
      float[] theirs = logits(other, row);
      int columns = base.config().embeddingSize();
      int bestMine = 0;
      int bestTheirs = 0;
      double surest = -1;
      double surestTheirs = -1;
      for (int slot = 0; slot < row.askedRows(); slot++) {
        float[] a = Arrays.copyOfRange(mine, slot * columns, (slot + 1) * columns);
        float[] b = Arrays.copyOfRange(theirs, slot * columns, (slot + 1) * columns);
        count(tally, a, b);
        if (confidence(a) > surest) {
          surest = confidence(a);
          bestMine = slot;
        }
        if (confidence(b) > surestTheirs) {
          surestTheirs = confidence(b);
          bestTheirs = slot;
        }
      }
      tally.orderDecisions++;
      tally.orderFlips += bestMine == bestTheirs ? 0 : 1;
    }
    return report(tally);
  }

  private float[] logits(MaskPredictor predictor, PackedBatch row) {
    try (NDManager step = manager.newSubManager()) {
      return predictor.logits(step, row).toFloatArray();
    }
  }

  private static void count(Tally tally, float[] a, float[] b) {
    int best = best(a, -1);
    double margin = (double) a[best] - a[best(a, best)];
    int bin = 0;
    while (margin >= BINS[bin]) {
      bin++;
    }
    tally.decisions[bin]++;
    if (best(b, -1) != best) {
      tally.flips[bin]++;
      tally.largestFlip = Math.max(tally.largestFlip, margin);
    }
    for (int column = 0; column < a.length; column++) {
      tally.largestError = Math.max(tally.largestError, Math.abs((double) a[column] - b[column]));
    }
  }

  /** The column of the largest value other than {@code except}; ties at the lowest. */
  private static int best(float[] values, int except) {
    int best = except == 0 ? 1 : 0;
    for (int i = 0; i < values.length; i++) {
      if (i != except && values[i] > values[best]) {
        best = i;
      }
    }
    return best;
  }

  private static double confidence(float[] values) {
    double most = values[best(values, -1)];
    double sum = 0;
    for (float value : values) {
      sum += Math.exp(value - most);
    }
    return 1 / sum;
  }

  private static Map<String, Object> report(Tally tally) {
    List<Map<String, Object>> bins = new ArrayList<>();
    for (int bin = 0; bin < BINS.length; bin++) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("margin_below", BINS[bin] == Double.POSITIVE_INFINITY ? "any" : BINS[bin]);
      entry.put("decisions", tally.decisions[bin]);
      entry.put("flips", tally.flips[bin]);
      bins.add(entry);
    }
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("decisions", Arrays.stream(tally.decisions).sum());
    result.put("flips", Arrays.stream(tally.flips).sum());
    result.put("largest_margin_of_a_flip", tally.largestFlip);
    result.put("largest_difference_of_a_logit", tally.largestError);
    result.put("steps", tally.orderDecisions);
    result.put("steps_with_another_surest_slot", tally.orderFlips);
    result.put("by_margin", bins);
    return result;
  }

  private static Map<String, Object> answers(
      List<Trajectory> paths, List<GenerationTask> tasks, MaskPredictor other) {
    List<Trajectory> others = Trajectory.of(other, tasks, 16, 1);
    int differ = 0;
    for (int i = 0; i < paths.size(); i++) {
      differ +=
          paths.get(i).marginWhereItLeaves(others.get(i), OptionalDouble.empty()).isPresent()
              ? 1
              : 0;
    }
    return Map.of("requests", paths.size(), "that_commit_something_else_at_some_step", differ);
  }

  /** Nats per token of the float32 network's answers, by both. */
  private static Map<String, Object> likelihood(
      List<Trajectory> paths, List<GenerationTask> tasks, MaskPredictor base, MaskPredictor other) {
    double sum = 0;
    double sumOther = 0;
    double largest = 0;
    for (int i = 0; i < tasks.size(); i++) {
      int[] row = new int[tasks.get(i).settings().genLength()];
      Arrays.fill(row, -1);
      paths.get(i).steps().forEach(commits -> commits.forEach(c -> row[c.slot()] = c.tokenId()));
      // An answer that ended early has slots behind its end that nobody filled.
      int[] answer = Arrays.stream(row).takeWhile(id -> id >= 0).toArray();
      LikelihoodTask task =
          new LikelihoodTask(
              tasks.get(i).promptIds(), answer, new LikelihoodSettings(32, 16, 0, i + 1L));
      double nats = Likelihood.of(base, task).natsPerToken();
      double natsOther = Likelihood.of(other, task).natsPerToken();
      sum += nats;
      sumOther += natsOther;
      largest = Math.max(largest, Math.abs(nats - natsOther));
    }
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("answers", tasks.size());
    result.put("nats_per_token_f32", sum / tasks.size());
    result.put("nats_per_token_other", sumOther / tasks.size());
    result.put("largest_difference_of_an_answer", largest);
    return result;
  }
}
