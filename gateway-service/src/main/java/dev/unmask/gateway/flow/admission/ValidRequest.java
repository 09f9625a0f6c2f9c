package dev.unmask.gateway.flow.admission;

import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.cluster.ResolvedModel;
import dev.unmask.v1.DiffusionParams;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerationJob;
import dev.unmask.v1.Preset;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.LongSupplier;

/**
 * A request that is right as far as can be told without its model.
 *
 * @param wire the request as it travels on
 * @param genLength slots of the canvas, when the caller said so
 * @param promptTokens tokens of the prompt, when the caller gave ids
 * @param largestTokenId the largest of those ids
 * @param deadline the caller's wish, when there is one
 */
public record ValidRequest(
    GenerateRequest wire,
    ModelName model,
    OptionalInt genLength,
    OptionalInt promptTokens,
    OptionalInt largestTokenId,
    Optional<Duration> deadline)
    implements ValidCall {

  /** The canvas of a request that does not say how long it is, as the samplers choose it. */
  private static final int USUAL_CANVAS = 64;

  /** The block of a request that does not say how long it is, as the samplers choose it. */
  private static final int USUAL_BLOCK = 32;

  /** Of an average text; what a prompt really has is known to the sampler. */
  static final int CHARACTERS_A_TOKEN = 4;

  /** Slots that a step commits when confidence decides how many. */
  private static final int COMMITTED_AT_ONCE = 4;

  @Override
  public int steps() {
    DiffusionParams asked = wire.getDiffusion();
    if (asked.hasSteps()) {
      return asked.getSteps();
    }
    int canvas = canvas();
    boolean byConfidence =
        asked.hasConfidenceThreshold()
            || asked.hasConfidenceFactor()
            || asked.getPreset() != Preset.PRESET_UNSPECIFIED;
    return byConfidence ? Math.ceilDiv(canvas, COMMITTED_AT_ONCE) : canvas;
  }

  /** An answer may end in its first block; a step of a threshold may commit all of a block. */
  @Override
  public int leastSteps() {
    DiffusionParams asked = wire.getDiffusion();
    boolean wholeCanvas = wire.hasInfill() || (asked.hasEosEarlyExit() && !asked.getEosEarlyExit());
    int block = asked.hasBlockLength() ? asked.getBlockLength() : USUAL_BLOCK;
    int canvas = canvas();
    int blocks = Math.max(1, Math.ceilDiv(canvas, block));
    if (!asked.hasSteps()) {
      // Nobody said how many steps a block takes: one is possible.
      return wholeCanvas ? blocks : 1;
    }
    int ofCanvas = Math.min(asked.getSteps(), canvas);
    return wholeCanvas ? ofCanvas : Math.max(1, ofCanvas / blocks);
  }

  /** Slots that it may fill. */
  public int canvas() {
    return genLength.orElse(USUAL_CANVAS);
  }

  @Override
  public long characters() {
    return switch (wire.getInputCase()) {
      case PROMPT -> wire.getPrompt().length();
      case MESSAGES ->
          wire.getMessages().getMessagesList().stream()
              .mapToLong(message -> message.getContent().length())
              .sum();
      case INFILL -> InfillRules.characters(wire.getInfill());
      case TOKEN_IDS, INPUT_NOT_SET -> 0;
    };
  }

  @Override
  public int tokens() {
    long prompt = promptTokens.orElse(0) + Math.ceilDiv(characters(), CHARACTERS_A_TOKEN);
    return (int) Math.min(Integer.MAX_VALUE, prompt + canvas());
  }

  /**
   * Checks what depends on the model: canvas and prompt against its context, ids against its
   * vocabulary. A prompt given as text is measured by the sampler, which owns the tokenizer.
   *
   * @throws RefusedException INVALID_ARGUMENT with the numbers
   */
  @Override
  public void checkAgainst(ResolvedModel resolved) throws RefusedException {
    int context = resolved.contextLength();
    int prompt = promptTokens.orElse(1);
    if (context > 0 && genLength.isPresent()) {
      int canvas = genLength.getAsInt();
      String field =
          wire.hasInfill()
              ? "infill.parts"
              : wire.getDiffusion().hasGenLength() ? "diffusion.gen_length" : "sampling.max_tokens";
      if ((long) prompt + canvas > context) {
        throw new RefusedException(
            promptTokens.isPresent()
                ? Refusal.invalid(
                    field,
                    "The prompt has "
                        + prompt
                        + " tokens and the canvas "
                        + canvas
                        + ", together more than the model's context of "
                        + context
                        + ".")
                : Refusal.invalid(
                    field,
                    field
                        + " makes a canvas of "
                        + canvas
                        + " tokens, which leaves no room for a prompt in the model's context of "
                        + context
                        + "."));
      }
    } else if (context > 0 && prompt >= context) {
      throw new RefusedException(
          Refusal.invalid(
              "token_ids",
              "The prompt has "
                  + prompt
                  + " tokens, which leaves no room for an answer in the model's context of "
                  + context
                  + "."));
    }
    int vocabulary = resolved.vocabularySize();
    if (vocabulary > 0 && largestTokenId.orElse(0) >= vocabulary) {
      throw new RefusedException(
          Refusal.invalid(
              "token_ids",
              "token_ids holds "
                  + largestTokenId.getAsInt()
                  + "; the model's vocabulary ends at "
                  + (vocabulary - 1)
                  + "."));
    }
  }

  @Override
  public void addTo(GenerationJob.Builder job, String model, LongSupplier newSeed) {
    GenerateRequest.Builder request = wire.toBuilder().setModel(model);
    if (!request.getSampling().hasSeed()) {
      request.getSamplingBuilder().setSeed(newSeed.getAsLong());
    }
    job.setRequest(request);
  }
}
