package dev.unmask.model.bench;

import dev.unmask.model.sampling.Caching;
import dev.unmask.model.torch.Device;
import dev.unmask.model.torch.DeviceChoice;
import dev.unmask.model.transformer.Kernels;
import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.model.transformer.Precision;
import dev.unmask.model.transformer.TransformerText;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What to measure, from {@code --name value} pairs.
 *
 * @param requests at the same time
 * @param device where it runs
 * @param kernels of the network; null takes those that are served there
 * @param caching of the requests that run from start to end
 * @param threshold of threshold decoding; 0 commits one token a step
 * @param mixed prompts of 8 to 256 tokens and canvases of 32 to 256 slots, or all alike
 * @param temperature of the sampling tail's second figure and of whole requests
 * @param rounds each thing is timed once a round, and the best round counts
 * @param seconds how long whole requests run; 0 leaves them out
 * @param adapters over which the requests of a step are spread
 * @param rank of the adapters
 */
record BenchOptions(
    Mode mode,
    BenchSize size,
    int requests,
    Precision precision,
    DeviceChoice device,
    @Nullable Kernels kernels,
    Caching caching,
    double threshold,
    boolean mixed,
    double temperature,
    int rounds,
    double seconds,
    int adapters,
    int rank) {

  /** What a process of this package does. */
  enum Mode {
    /** Compares steps with matrix products. */
    ENGINE,
    /** One request's step from 64 to 4096 slots. */
    SLOTS,
    /** A step with adapters beside one without. */
    ADAPTERS,
    /** Waits for {@code run SECONDS} on standard input. */
    WORKER
  }

  private static final int MOST_REQUESTS = 1024;

  private static final List<String> NAMES =
      List.of(
          "--mode",
          "--size",
          "--requests",
          "--precision",
          "--device",
          "--path",
          "--cache",
          "--threshold",
          "--mix",
          "--temperature",
          "--rounds",
          "--seconds",
          "--adapters",
          "--rank");

  /**
   * Reads the pairs.
   *
   * @throws IllegalArgumentException with a sentence for the first one at fault
   */
  static BenchOptions parse(String... args) {
    Map<String, String> given = new HashMap<>();
    for (int i = 0; i < args.length; i += 2) {
      if (!NAMES.contains(args[i])) {
        throw new IllegalArgumentException(
            args[i] + " is not an option; these are: " + String.join(" ", NAMES));
      }
      if (i + 1 == args.length) {
        throw new IllegalArgumentException(args[i] + " lacks its value");
      }
      given.put(args[i], args[i + 1]);
    }
    int requests = (int) number(given, "--requests", 16, 1, MOST_REQUESTS);
    return new BenchOptions(
        mode(given.getOrDefault("--mode", "engine")),
        BenchSize.parse(given.getOrDefault("--size", "mini")),
        requests,
        Precision.parse(given.getOrDefault("--precision", "auto")),
        DeviceChoice.parse(given.getOrDefault("--device", "auto")),
        kernels(given.getOrDefault("--path", "auto")),
        cache(given.getOrDefault("--cache", "none")),
        number(given, "--threshold", 0, 0, 1),
        mixed(given.getOrDefault("--mix", "mixed")),
        number(given, "--temperature", 0, 0, 4),
        (int) number(given, "--rounds", 5, 1, 100),
        number(given, "--seconds", 10, 0, 3600),
        (int) number(given, "--adapters", 1, 1, requests),
        (int) number(given, "--rank", 16, 1, 256));
  }

  private static Mode mode(String text) {
    return switch (text) {
      case "engine" -> Mode.ENGINE;
      case "slots" -> Mode.SLOTS;
      case "adapters" -> Mode.ADAPTERS;
      case "worker" -> Mode.WORKER;
      default ->
          throw new IllegalArgumentException(
              "--mode is " + text + "; it must be engine, slots, adapters or worker");
    };
  }

  private static Caching cache(String text) {
    return switch (text) {
      case "none" -> Caching.NONE;
      case "prefix" -> Caching.prefix(0);
      case "dual" -> Caching.dual(0);
      default ->
          throw new IllegalArgumentException(
              "--cache is " + text + "; it must be none, prefix or dual");
    };
  }

  private static @Nullable Kernels kernels(String text) {
    return switch (text) {
      case "auto" -> null;
      case "plain" -> Kernels.PLAIN;
      case "packed" -> Kernels.PREPACKED;
      case "staged" -> Kernels.STAGED;
      default ->
          throw new IllegalArgumentException(
              "--path is " + text + "; it must be auto, packed, plain or staged");
    };
  }

  /** The network that runs on a device. */
  LoadedModel.Way way(Device resolved) {
    Kernels served = resolved.isCpu() ? Kernels.PREPACKED : Kernels.STAGED;
    return new LoadedModel.Way(
        precision, TransformerText.Attention.FUSED, kernels == null ? served : kernels, resolved);
  }

  private static boolean mixed(String text) {
    return switch (text) {
      case "mixed" -> true;
      case "fixed" -> false;
      default ->
          throw new IllegalArgumentException("--mix is " + text + "; it must be fixed or mixed");
    };
  }

  private static double number(
      Map<String, String> given, String name, double otherwise, double least, double most) {
    String text = given.get(name);
    if (text == null) {
      return otherwise;
    }
    double value;
    try {
      value = Double.parseDouble(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(name + " is " + text + ", which is not a number", e);
    }
    if (!(value >= least && value <= most)) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "%s is %s; it must be between %.0f and %.0f", name, text, least, most));
    }
    return value;
  }
}
