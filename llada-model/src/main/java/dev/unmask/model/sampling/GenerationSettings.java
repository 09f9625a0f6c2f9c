package dev.unmask.model.sampling;

/**
 * How one canvas is filled.
 *
 * @param genLength slots of the canvas; a whole number of blocks
 * @param blockLength slots of a block; a block is finished before the next begins
 * @param temperature 0 takes the most likely token; above, Gumbel noise of that scale is added
 * @param cfgScale classifier-free guidance; 0 is off
 * @param seed the request's random stream depends on nothing else
 * @param eosEarlyExit stop when a finished block holds the end of the answer
 * @param logitsEosInf forbid the EOS token
 * @param confidenceEosEotInf commit slots that predict EOS or EoT last. The reference does this to
 *     both tokens only at temperature 0; here it means that at every temperature.
 */
public record GenerationSettings(
    int genLength,
    int blockLength,
    Decoding decoding,
    Remasking remasking,
    double temperature,
    double cfgScale,
    long seed,
    boolean eosEarlyExit,
    boolean logitsEosInf,
    boolean confidenceEosEotInf) {

  /** Above it nothing of the model is left in a draw. */
  public static final double MAX_TEMPERATURE = 4;

  /**
   * Checks every component.
   *
   * @throws InvalidSettingsException naming the first one at fault
   */
  public GenerationSettings {
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
    switch (decoding) {
      case Decoding.Quota quota -> checkSteps(quota.steps(), genLength / blockLength);
      case Decoding.Threshold t -> {
        if (!(t.threshold() >= 0 && t.threshold() <= 1)) {
          throw refused(
              "threshold",
              "the confidence threshold is " + t.threshold() + "; it must be between 0 and 1");
        }
        if (remasking == Remasking.RANDOM) {
          throw refused(
              "remasking",
              "random remasking does not go with a confidence threshold; give steps instead");
        }
      }
    }
    if (!(temperature >= 0 && temperature <= MAX_TEMPERATURE)) {
      throw refused(
          "temperature",
          "the temperature is " + temperature + "; it must be between 0 and " + MAX_TEMPERATURE);
    }
    if (!(cfgScale >= 0 && cfgScale < Double.POSITIVE_INFINITY)) {
      throw refused("cfgScale", "the guidance scale is " + cfgScale + "; it must be 0 or more");
    }
  }

  /** Greedy defaults: as many steps as slots, one block, no guidance, early exit on. */
  public static GenerationSettings greedy(int genLength, int blockLength, Decoding decoding) {
    return new GenerationSettings(
        genLength, blockLength, decoding, Remasking.LOW_CONFIDENCE, 0, 0, 0, true, false, false);
  }

  public int blocks() {
    return genLength / blockLength;
  }

  private static void checkSteps(int steps, int blocks) {
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
