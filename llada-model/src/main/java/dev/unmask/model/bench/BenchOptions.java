package dev.unmask.model.bench;

import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.config.SpecialTokens;
import dev.unmask.model.transformer.Precision;

/** What to measure, from {@code --name value} pairs. */
record BenchOptions(String size, int requests, Precision precision, int rounds, int intraOp) {

  static final String USAGE =
      "bench engine [--size mini|135m|1b] [--requests N] [--precision auto|f32|bf16]"
          + " [--rounds N] [--intra-op N]";

  static BenchOptions parse(String[] args) {
    BenchOptions o = new BenchOptions("mini", 16, Precision.AUTO, 5, 1);
    if (args.length % 2 != 0) {
      throw new IllegalArgumentException("options come as pairs\n" + USAGE);
    }
    for (int i = 0; i < args.length; i += 2) {
      o = o.with(args[i], args[i + 1]);
    }
    if (o.requests < 1 || o.rounds < 1 || o.intraOp < 1) {
      throw new IllegalArgumentException("--requests, --rounds and --intra-op are at least 1");
    }
    return o;
  }

  private BenchOptions with(String name, String value) {
    return switch (name) {
      case "--size" -> new BenchOptions(value, requests, precision, rounds, intraOp);
      case "--requests" -> new BenchOptions(size, number(name, value), precision, rounds, intraOp);
      case "--precision" ->
          new BenchOptions(size, requests, Precision.parse(value), rounds, intraOp);
      case "--rounds" -> new BenchOptions(size, requests, precision, number(name, value), intraOp);
      case "--intra-op" -> new BenchOptions(size, requests, precision, rounds, number(name, value));
      default -> throw new IllegalArgumentException(name + " is not an option\n" + USAGE);
    };
  }

  private static int number(String name, String value) {
    try {
      return Integer.parseInt(value);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(name + " is a number, not " + value, e);
    }
  }

  ModelConfig shape() {
    return switch (size) {
      case "mini" -> shape(320, 8, 5, 5, 864, 4096);
      case "135m" -> shape(576, 30, 9, 3, 1536, 49_152);
      case "1b" -> shape(2048, 22, 32, 4, 5632, 32_768);
      default -> throw new IllegalArgumentException("--size is mini, 135m or 1b, not " + size);
    };
  }

  private static ModelConfig shape(
      int width, int layers, int heads, int kvHeads, int mlp, int vocabulary) {
    return ModelConfig.shape()
        .width(width)
        .layers(layers)
        .heads(heads)
        .kvHeads(kvHeads)
        .mlpWidth(mlp)
        .vocabularySize(vocabulary)
        .tiedHead(true)
        .ropeTheta(500_000)
        .contextLength(512)
        .tokens(vocabulary - 1, vocabulary - 2, SpecialTokens.NONE)
        .build();
  }
}
