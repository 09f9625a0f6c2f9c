package dev.unmask.model.sampling;

import java.util.OptionalInt;

/** What {@link GenerationSettings} refuses, each by its field and a sentence. */
final class SettingsCheck {

  private SettingsCheck() {}

  static void canvas(int genLength, int blockLength) {
    if (genLength < 1) {
      throw refused("genLength", "the canvas length is " + genLength + "; it must be at least 1");
    }
    if (blockLength < 1 || blockLength > genLength || genLength % blockLength != 0) {
      throw refused(
          "blockLength",
          "the block length is "
              + blockLength
              + "; it must divide the canvas length "
              + genLength
              + " evenly");
    }
  }

  static void decoding(Decoding decoding, Remasking remasking, int blocks) {
    switch (decoding) {
      case Decoding.Quota quota -> steps(quota.steps(), blocks);
      case Decoding.Threshold t -> {
        if (!(t.threshold() >= 0 && t.threshold() <= 1)) {
          throw refused(
              "threshold",
              "the confidence threshold is " + t.threshold() + "; it must be between 0 and 1");
        }
      }
      case Decoding.Factor f -> {
        if (!(f.factor() > 0 && f.factor() < Double.POSITIVE_INFINITY)) {
          throw refused(
              "factor", "the confidence factor is " + f.factor() + "; it must be above 0");
        }
      }
      case Decoding.EntropyBound e -> {
        if (!(e.gamma() >= 0 && e.gamma() < Double.POSITIVE_INFINITY)) {
          throw refused("gamma", "the entropy bound is " + e.gamma() + "; it must be 0 or more");
        }
      }
      case Decoding.Dream dream -> {
        steps(dream.steps(), blocks);
        double t = dream.drawTemperature();
        if (!(t >= 0 && t < Double.POSITIVE_INFINITY)) {
          throw refused(
              "drawTemperature",
              "the temperature of drawing slots is " + t + "; it must be 0 or more");
        }
        if (t > 0 && dream.algorithm() == DreamAlgorithm.ORIGIN) {
          throw refused(
              "drawTemperature",
              "the algorithm origin always draws its slots; a temperature of drawing goes with"
                  + " maskgit_plus, topk_margin and entropy");
        }
      }
    }
    if (remasking == Remasking.RANDOM && !(decoding instanceof Decoding.Quota)) {
      throw refused(
          "remasking",
          "random remasking does not go with "
              + name(decoding)
              + ", which decides by itself which slots are kept; give steps instead");
    }
  }

  private static String name(Decoding decoding) {
    return switch (decoding) {
      case Decoding.Quota q -> "steps";
      case Decoding.Threshold t -> "a confidence threshold";
      case Decoding.Factor f -> "a confidence factor";
      case Decoding.EntropyBound e -> "an entropy bound";
      case Decoding.Dream d -> "Dream's sampler";
    };
  }

  static void choice(
      Decoding decoding, double temperature, double topP, int topK, double cfgScale) {
    if (!(temperature >= 0 && temperature <= GenerationSettings.MAX_TEMPERATURE)) {
      throw refused(
          "temperature",
          "the temperature is "
              + temperature
              + "; it must be between 0 and "
              + GenerationSettings.MAX_TEMPERATURE);
    }
    if (!(topP > 0 && topP <= 1)) {
      throw refused(
          "topP", "top_p is " + topP + "; it must be above 0 and at most 1, which is off");
    }
    if (topK < 0) {
      throw refused("topK", "top_k is " + topK + "; it must be 0, which is off, or more");
    }
    if (!(decoding instanceof Decoding.Dream) && (topP < 1 || topK > 0)) {
      throw refused(
          topP < 1 ? "topP" : "topK",
          (topP < 1 ? "top_p" : "top_k")
              + " belongs to Dream's sampler and does not go with "
              + name(decoding)
              + "; leave it out or choose one of Dream's algorithms");
    }
    if (!(cfgScale >= 0 && cfgScale < Double.POSITIVE_INFINITY)) {
      throw refused("cfgScale", "the guidance scale is " + cfgScale + "; it must be 0 or more");
    }
  }

  static void passes(Caching caching, OptionalInt lookaheadBlocks) {
    int interval = caching.refreshInterval();
    if (interval < 0) {
      throw refused(
          "cacheRefresh",
          "the cache's refresh interval is "
              + interval
              + "; it must be 0, which refreshes at the start of each block, or more");
    }
    if (caching.kind() == Caching.Kind.NONE && interval > 0) {
      throw refused(
          "cacheRefresh",
          "the refresh interval is " + interval + " but there is no cache; choose prefix or dual");
    }
    if (lookaheadBlocks.isPresent() && lookaheadBlocks.getAsInt() < 0) {
      throw refused(
          "lookaheadBlocks",
          "the lookahead is " + lookaheadBlocks.getAsInt() + " blocks; it must be 0 or more");
    }
  }

  static void drafts(int draftSteps, Decoding decoding, Remasking remasking, Caching caching) {
    if (draftSteps < 0 || draftSteps > GenerationSettings.MAX_DRAFT_STEPS) {
      throw refused(
          "draftSteps",
          "the number of drafted steps is "
              + draftSteps
              + "; it must be between 0 and "
              + GenerationSettings.MAX_DRAFT_STEPS);
    }
    if (draftSteps == 0) {
      return;
    }
    if (caching.kind() != Caching.Kind.NONE) {
      throw refused(
          "draftSteps",
          "drafted steps would write a cache that other steps read; leave the cache or the drafts"
              + " out");
    }
    if (remasking == Remasking.RANDOM
        || (decoding instanceof Decoding.Dream dream
            && dream.algorithm() == DreamAlgorithm.ORIGIN)) {
      throw refused(
          "draftSteps",
          "random orders predict only the slots of one step, so that none can be drafted; leave the"
              + " drafts out");
    }
  }

  static void answerEnd(Decoding decoding, boolean confidenceEosEotInf) {
    if (confidenceEosEotInf
        && (decoding instanceof Decoding.Dream || decoding instanceof Decoding.EntropyBound)) {
      throw refused(
          "confidenceEosEotInf",
          "committing EOS last goes by the confidence of the chosen token, which "
              + name(decoding)
              + " does not order by; leave it out");
    }
  }

  private static void steps(int steps, int blocks) {
    if (steps < 1 || steps % blocks != 0) {
      throw refused(
          "steps",
          "the number of steps is "
              + steps
              + "; with "
              + blocks
              + (blocks == 1 ? " block it must be at least 1" : " blocks it must be a multiple of ")
              + (blocks == 1 ? "" : blocks));
    }
  }

  private static InvalidSettingsException refused(String field, String sentence) {
    return new InvalidSettingsException(field, sentence);
  }
}
