package dev.unmask.sft.experiment;

import dev.unmask.model.config.Layout;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.training.AdamW;
import dev.unmask.model.training.LossValue;
import dev.unmask.model.training.LossWeight;
import dev.unmask.model.training.MaskedBatch;
import dev.unmask.model.training.SlotScores;
import dev.unmask.model.training.TrainableModel;
import dev.unmask.model.transformer.TransformerText.Compute;
import java.util.Arrays;
import java.util.BitSet;
import java.util.SplittableRandom;

/**
 * Trains a tiny LLaDA or its autoregressive twin: the same network with a causal mask that predicts
 * the next token. Rows have one length; the first token of each is given to both.
 *
 * @param causal whether this is the twin
 * @param vocabulary tokens of the data, 0 to {@code vocabulary - 1}
 */
record Toy(
    boolean causal,
    int vocabulary,
    int length,
    int width,
    int layers,
    int steps,
    int rows,
    double rate,
    LossWeight weight) {

  private static final long NOISE = 1_000_003;

  /** Where rows come from. */
  @FunctionalInterface
  interface Data {
    /** A row's tokens. */
    int[] draw(SplittableRandom random);
  }

  /** Told of the model now and then. */
  @FunctionalInterface
  interface Watcher {
    void at(int step, TrainableModel model);
  }

  String kind() {
    return causal ? "autoregressive twin" : "LLaDA";
  }

  int mask() {
    return vocabulary;
  }

  private ModelConfig config() {
    return (causal ? ModelConfig.shape(Layout.AUTOREGRESSIVE) : ModelConfig.shape())
        .width(width)
        .layers(layers)
        .heads(Math.max(1, width / 16))
        .mlpWidth(2 * width)
        .vocabularySize(vocabulary + 2)
        .contextLength(length)
        .tokens(vocabulary, vocabulary + 1, -1)
        .build();
  }

  /** Trains from a seed; {@code watcher} is called every {@code every} steps and at the end. */
  void train(Data data, long seed, int every, Watcher watcher) {
    SplittableRandom random = new SplittableRandom(seed);
    SplittableRandom noise = new SplittableRandom(seed + NOISE);
    try (TrainableModel model = TrainableModel.random(config(), Compute.FLOAT32, seed);
        AdamW optimizer = new AdamW(model, new AdamW.Settings(0.9, 0.98, 1e-8, 0.01, 1, false))) {
      for (int step = 1; step <= steps; step++) {
        long[] clean = new long[rows * length];
        for (int row = 0; row < rows; row++) {
          int[] drawn = data.draw(random);
          for (int i = 0; i < length; i++) {
            clean[row * length + i] = drawn[i];
          }
        }
        LossValue ignored = model.lossAndGradients(causal ? next(clean) : masked(clean, noise));
        double falling = 1 - (step - 1) / (double) steps;
        double rising = Math.min(1, step / 20.0);
        optimizer.step(rate * falling * rising, optimizer.gradientNorm());
        if (step % every == 0 || step == steps) {
          watcher.at(step, model);
        }
      }
    }
  }

  private MaskedBatch next(long[] clean) {
    int[] prompts = new int[clean.length / length];
    Arrays.fill(prompts, 1);
    return MaskedBatch.nextToken(clean, prompts);
  }

  private MaskedBatch masked(long[] clean, SplittableRandom noise) {
    int count = clean.length / length;
    int[] prompts = new int[count];
    Arrays.fill(prompts, 1);
    double[] p = new double[count];
    BitSet masked = new BitSet();
    double offset = noise.nextDouble();
    for (int row = 0; row < count; row++) {
      p[row] = 0.999 * ((offset + row) / count) + 0.001;
      for (int i = 1; i < length; i++) {
        masked.set(row * length + i, noise.nextDouble() < p[row]);
      }
    }
    if (masked.isEmpty()) {
      masked.set(1);
    }
    return MaskedBatch.of(clean, masked, p, prompts, mask(), weight);
  }

  /** Share of rows of which the token at {@code slot} is predicted from what else is known. */
  double accuracy(TrainableModel model, int[][] asked, int slot) {
    long[] clean = flat(asked);
    int[] prompts = new int[asked.length];
    double[] p = new double[asked.length];
    BitSet masked = new BitSet();
    for (int row = 0; row < asked.length; row++) {
      p[row] = 1;
      masked.set(row * length + slot);
    }
    SlotScores scores;
    if (causal) {
      Arrays.fill(prompts, slot);
      scores = model.scores(MaskedBatch.nextToken(clean, prompts));
    } else {
      scores = model.scores(MaskedBatch.of(clean, masked, p, prompts, mask(), LossWeight.UNIFORM));
    }
    // The twin scores every slot from this one on; the first of each row is the one asked for.
    int each = scores.right().length / asked.length;
    int right = 0;
    for (int row = 0; row < asked.length; row++) {
      right += scores.right()[row * each] ? 1 : 0;
    }
    return (double) right / asked.length;
  }

  /**
   * Nats for each token behind the first: the twin's likelihood, or LLaDA's bound with the same
   * masks for every model.
   */
  double nats(TrainableModel model, int[][] judged, long seed) {
    long[] clean = flat(judged);
    double sum = 0;
    if (causal) {
      for (float nats : model.scores(next(clean)).crossEntropy()) {
        sum += nats;
      }
      return sum / (judged.length * (length - 1.0));
    }
    SplittableRandom random = new SplittableRandom(seed);
    int answer = length - 1;
    BitSet masked = new BitSet();
    double[] factor = new double[judged.length];
    double offset = random.nextDouble();
    for (int row = 0; row < judged.length; row++) {
      int count = 1 + (int) ((offset + row) / judged.length % 1 * answer);
      factor[row] = (double) answer / count;
      int left = count;
      for (int i = 0; i < answer; i++) {
        if (random.nextInt(answer - i) < left) {
          masked.set(row * length + 1 + i);
          left--;
        }
      }
    }
    int[] prompts = new int[judged.length];
    double[] p = new double[judged.length];
    Arrays.fill(p, 1);
    float[] nats =
        model
            .scores(MaskedBatch.of(clean, masked, p, prompts, mask(), LossWeight.UNIFORM))
            .crossEntropy();
    int n = 0;
    for (int slot = masked.nextSetBit(0); slot >= 0; slot = masked.nextSetBit(slot + 1)) {
      sum += factor[slot / length] * nats[n++];
    }
    return sum / (judged.length * (double) answer);
  }

  private static long[] flat(int[][] rows) {
    return Arrays.stream(rows).flatMapToInt(Arrays::stream).asLongStream().toArray();
  }
}
