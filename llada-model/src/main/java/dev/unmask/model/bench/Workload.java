package dev.unmask.model.bench;

import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.engine.GenerationTask;
import dev.unmask.model.sampling.GenerationSettings;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;

/** The requests of a measurement: the same for the same options. */
final class Workload {

  /** Slots of a block, and of a cached step. */
  static final int BLOCK = 32;

  private static final int FIXED_PROMPT = 128;
  private static final int FIXED_CANVAS = 64;
  private static final int SHORTEST_PROMPT = 8;
  private static final int LONGEST_PROMPT = 256;
  private static final int MOST_BLOCKS = 8;
  private static final int SEED = 4;

  /**
   * A request's row.
   *
   * @param ids the prompt, then masks
   * @param prompt tokens before the canvas
   */
  @SuppressWarnings("ArrayRecordComponent") // Never compared; read only.
  record Row(int[] ids, int prompt) {
    int canvas() {
      return ids.length - prompt;
    }

    /** Positions of the canvas's first block. */
    int[] firstBlock() {
      int[] slots = new int[BLOCK];
      Arrays.setAll(slots, i -> prompt + i);
      return slots;
    }
  }

  private final BenchOptions options;
  private final ModelConfig config;
  private final List<Row> rows = new ArrayList<>();

  Workload(BenchOptions options, ModelConfig config) {
    this.options = options;
    this.config = config;
    Random random = new Random(SEED);
    for (int i = 0; i < options.requests(); i++) {
      int prompt =
          options.mixed()
              ? SHORTEST_PROMPT + random.nextInt(LONGEST_PROMPT - SHORTEST_PROMPT + 1)
              : FIXED_PROMPT;
      int canvas = options.mixed() ? BLOCK * (1 + random.nextInt(MOST_BLOCKS)) : FIXED_CANVAS;
      rows.add(row(prompt, canvas, config, random));
    }
  }

  /** A row with a random prompt; ids stay clear of the special tokens at the vocabulary's end. */
  static Row row(int prompt, int canvas, ModelConfig config, Random random) {
    int[] ids = new int[prompt + canvas];
    Arrays.fill(ids, config.tokens().mask());
    for (int i = 0; i < prompt; i++) {
      ids[i] = random.nextInt(config.vocabularySize() - 8);
    }
    return new Row(ids, prompt);
  }

  List<Row> rows() {
    return rows;
  }

  /** The request whose length is nearest to the mean: what one stream is measured with. */
  Row typical() {
    double mean = rows.stream().mapToInt(row -> row.ids().length).average().orElseThrow();
    return rows.stream()
        .min(Comparator.comparingDouble(row -> Math.abs(row.ids().length - mean)))
        .orElseThrow();
  }

  /** Request number {@code n} of an endless run; the rows come again in turn. */
  GenerationTask task(int n) {
    Row row = rows.get(n % rows.size());
    return new GenerationTask(
        "bench-" + n, Arrays.copyOf(row.ids(), row.prompt()), settings(row.canvas(), n));
  }

  /** With mixed requests every other one takes half the steps, so that neighbours differ. */
  GenerationSettings settings(int canvas, int n) {
    GenerationSettings.Builder settings =
        GenerationSettings.builder(canvas, BLOCK)
            .caching(options.caching())
            .temperature(options.temperature())
            .seed(n);
    boolean threshold = options.threshold() > 0 && !(options.mixed() && n % 2 == 1);
    if (threshold) {
      settings.threshold(options.threshold());
    } else {
      settings.steps(options.mixed() && n % 2 == 1 ? canvas / 2 : canvas);
    }
    return settings.build();
  }

  ModelConfig config() {
    return config;
  }
}
