package dev.unmask.model.soak;

import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.config.SpecialTokens;
import dev.unmask.model.torch.DeviceChoice;
import dev.unmask.model.transformer.Precision;
import dev.unmask.model.transformer.TransformerText.Attention;
import java.time.Duration;

/**
 * What to soak, from {@code --name value} pairs.
 *
 * @param javaThreads threads that run forward passes at the same time on one model
 * @param intraOp threads inside one operation
 * @param requests requests at a time through the production engine; 0 runs bare forward passes
 */
record SoakOptions(
    Duration duration,
    Duration report,
    Precision precision,
    Attention attention,
    DeviceChoice device,
    int javaThreads,
    int intraOp,
    ModelConfig shape,
    int mostSequences,
    int longest,
    int requests,
    long seed) {

  static final String USAGE =
      """
      soak [--minutes N] [--report-seconds N] [--precision f32|bf16|int8|auto] [--attention sdpa|sdpa16|bmm]
           [--device auto|cpu|cuda|cuda:N]
           [--threads N] [--intra-op N] [--size mini|135m] [--sequences N] [--longest N] [--requests N]
           [--seed N]
      """;

  static SoakOptions parse(String[] args) {
    SoakOptions o =
        new SoakOptions(
            Duration.ofMinutes(60),
            Duration.ofMinutes(1),
            Precision.AUTO,
            Attention.FUSED,
            new DeviceChoice.Auto(),
            1,
            1,
            mini(),
            16,
            288,
            0,
            1);
    if (args.length % 2 != 0) {
      throw new IllegalArgumentException("options come as pairs: --name value\n" + USAGE);
    }
    for (int i = 0; i < args.length; i += 2) {
      o = o.with(args[i], args[i + 1]);
    }
    return o;
  }

  private SoakOptions with(String name, String value) {
    Duration d = duration;
    Duration r = report;
    Precision p = precision;
    Attention a = attention;
    DeviceChoice c = device;
    int t = javaThreads;
    int n = intraOp;
    ModelConfig s = shape;
    int m = mostSequences;
    int l = longest;
    int q = requests;
    long seedOrOld = seed;
    switch (name) {
      case "--minutes" -> d = Duration.ofMillis((long) (Double.parseDouble(value) * 60_000));
      case "--report-seconds" -> r = Duration.ofSeconds(Long.parseLong(value));
      case "--precision" -> p = Precision.parse(value);
      case "--attention" -> a = Attention.parse(value);
      case "--device" -> c = DeviceChoice.parse(value);
      case "--threads" -> t = Integer.parseInt(value);
      case "--intra-op" -> n = Integer.parseInt(value);
      case "--size" -> s = sizeOf(value);
      case "--sequences" -> m = Integer.parseInt(value);
      case "--longest" -> l = Integer.parseInt(value);
      case "--requests" -> q = Integer.parseInt(value);
      case "--seed" -> seedOrOld = Long.parseLong(value);
      default -> throw new IllegalArgumentException(name + " is not an option\n" + USAGE);
    }
    return new SoakOptions(d, r, p, a, c, t, n, s, m, l, q, seedOrOld);
  }

  private static ModelConfig sizeOf(String value) {
    return switch (value) {
      case "mini" -> mini();
      case "135m" ->
          ModelConfig.shape()
              .width(576)
              .layers(30)
              .heads(9)
              .kvHeads(3)
              .mlpWidth(1536)
              .vocabularySize(49_152)
              .tiedHead(true)
              .ropeTheta(500_000)
              .contextLength(1024)
              .tokens(tokens(49_152))
              .build();
      default -> throw new IllegalArgumentException("--size is mini or 135m, not " + value);
    };
  }

  private static ModelConfig mini() {
    return ModelConfig.shape()
        .width(320)
        .layers(8)
        .heads(5)
        .mlpWidth(864)
        .vocabularySize(4096)
        .tiedHead(true)
        .ropeTheta(500_000)
        .contextLength(1024)
        .tokens(tokens(4096))
        .build();
  }

  private static SpecialTokens tokens(int vocabulary) {
    return new SpecialTokens(vocabulary - 1, vocabulary - 2, vocabulary - 2, SpecialTokens.NONE);
  }
}
