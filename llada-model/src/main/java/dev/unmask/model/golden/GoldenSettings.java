package dev.unmask.model.golden;

import dev.unmask.model.sampling.Caching;
import dev.unmask.model.sampling.Decoding;
import dev.unmask.model.sampling.DreamAlgorithm;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.model.sampling.InvalidSettingsException;
import dev.unmask.model.sampling.Remasking;
import java.util.Locale;

/**
 * The settings of a case of kind {@code generate}. Its {@code algorithm} is {@code llada}, {@code
 * threshold}, {@code factor}, {@code entropy_bound}, {@code prefix_cache}, {@code dual_cache}
 * (quotas when no threshold or factor is given), {@code dream} with {@code alg}, or one of Dream's
 * by its own name. References never stop at EOS, so early exit is off.
 */
final class GoldenSettings {

  private GoldenSettings() {}

  /**
   * The settings.
   *
   * @throws InvalidSettingsException when nothing here does what the case asks
   */
  static GenerationSettings of(GoldenCase c) {
    int genLength = c.integer("gen_length");
    // Dream knows no blocks.
    int blockLength = c.settings().has("block_length") ? c.integer("block_length") : genLength;
    GenerationSettings.Builder settings =
        GenerationSettings.builder(genLength, blockLength)
            .eosEarlyExit(false)
            .decoding(decoding(c))
            .caching(caching(c))
            .temperature(c.number("temperature", 0))
            .topP(c.number("top_p", 1))
            .topK(c.integer("top_k"))
            .cfgScale(c.number("cfg_scale", 0))
            .logitsEosInf(c.settings().path("logits_eos_inf").asBoolean(false))
            .confidenceEosEotInf(c.settings().path("confidence_eos_eot_inf").asBoolean(false));
    if (c.settings().path("remasking").asText().equals("random")) {
      settings.remasking(Remasking.RANDOM);
    }
    return settings.build();
  }

  private static Decoding decoding(GoldenCase c) {
    String algorithm = c.settings().path("algorithm").asText();
    return switch (algorithm) {
      case "llada" -> quota(c);
      case "threshold" -> threshold(c);
      case "factor" -> factor(c);
      case "prefix_cache", "dual_cache" ->
          c.settings().hasNonNull("threshold")
              ? threshold(c)
              : c.settings().hasNonNull("factor") ? factor(c) : quota(c);
      case "entropy_bound" -> new Decoding.EntropyBound(c.number("gamma", 0));
      case "dream" -> dream(c, c.settings().path("alg").asText("origin"));
      case "origin", "maskgit_plus", "topk_margin", "entropy" -> dream(c, algorithm);
      default ->
          throw new InvalidSettingsException(
              "algorithm", "the algorithm " + algorithm + " is not built");
    };
  }

  private static Decoding quota(GoldenCase c) {
    return new Decoding.Quota(c.integer("steps"));
  }

  private static Decoding threshold(GoldenCase c) {
    return new Decoding.Threshold(c.number("threshold", 1));
  }

  private static Decoding factor(GoldenCase c) {
    return new Decoding.Factor(c.number("factor", 1));
  }

  private static Decoding dream(GoldenCase c, String name) {
    for (DreamAlgorithm algorithm : DreamAlgorithm.values()) {
      if (algorithm.name().toLowerCase(Locale.ROOT).equals(name)) {
        return new Decoding.Dream(c.integer("steps"), algorithm, c.number("alg_temp", 0));
      }
    }
    throw new InvalidSettingsException("alg", "Dream's algorithm " + name + " is not known");
  }

  private static Caching caching(GoldenCase c) {
    int refresh = c.integer("refresh_interval");
    return switch (c.settings().path("algorithm").asText()) {
      case "prefix_cache" -> Caching.prefix(refresh);
      case "dual_cache" -> Caching.dual(refresh);
      default -> Caching.NONE;
    };
  }
}
