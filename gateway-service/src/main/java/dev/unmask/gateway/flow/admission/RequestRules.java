package dev.unmask.gateway.flow.admission;

import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.v1.DiffusionParams;
import dev.unmask.v1.EventDetail;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateStreamRequest;
import dev.unmask.v1.Message;
import dev.unmask.v1.Remasking;
import dev.unmask.v1.SamplingParams;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The rules of a generation request. The first one broken is reported, as INVALID_ARGUMENT with the
 * field's path. Ranges follow the reference sampler (LLaDA, generate.py), which asserts the same
 * divisions.
 *
 * @param maxDeadline the longest a caller may ask for
 * @param maxPromptCharacters over all messages, UTF-16 units
 */
public record RequestRules(Duration maxDeadline, int maxPromptCharacters) {

  private static final Set<String> ROLES = Set.of("system", "user", "assistant");
  private static final int MAX_CANVAS = 1 << 20;
  private static final double MAX_TEMPERATURE = 4;
  private static final double MAX_GUIDANCE = 100;

  /** The request inside a stream request; its mode is read by {@link #detail}. */
  public ValidRequest check(GenerateStreamRequest request) throws RefusedException {
    UnknownFields.refuse(request);
    if (!request.hasRequest()) {
      throw invalid("request", "request is missing: say what to generate.");
    }
    return check(request.getRequest());
  }

  /** Which events a stream mode asks the sampler for. */
  public static EventDetail detail(GenerateStreamRequest request) throws RefusedException {
    return switch (request.getMode()) {
      case STREAM_MODE_UNSPECIFIED, STREAM_MODE_BLOCK -> EventDetail.EVENT_DETAIL_BLOCK;
      case STREAM_MODE_FINAL -> EventDetail.EVENT_DETAIL_FINAL;
      case STREAM_MODE_STEP_DELTA -> EventDetail.EVENT_DETAIL_STEP;
      case UNRECOGNIZED ->
          throw invalid(
              "mode",
              "mode is "
                  + request.getModeValue()
                  + "; it must be STREAM_MODE_FINAL, STREAM_MODE_BLOCK or STREAM_MODE_STEP_DELTA.");
    };
  }

  public ValidRequest check(GenerateRequest request) throws RefusedException {
    UnknownFields.refuse(request);
    ModelName model = ModelName.parse(request.getModel(), "model");
    checkInput(request);
    checkDiffusion(request.getDiffusion());
    checkSampling(request.getSampling());
    boolean ids = request.hasTokenIds();
    return new ValidRequest(
        request,
        model,
        request.getDiffusion().hasGenLength()
            ? OptionalInt.of(request.getDiffusion().getGenLength())
            : OptionalInt.empty(),
        ids ? OptionalInt.of(request.getTokenIds().getIdsCount()) : OptionalInt.empty(),
        ids
            ? request.getTokenIds().getIdsList().stream().mapToInt(Integer::intValue).max()
            : OptionalInt.empty(),
        deadline(request));
  }

  private void checkInput(GenerateRequest request) throws RefusedException {
    switch (request.getInputCase()) {
      case INPUT_NOT_SET ->
          throw invalid("input", "There is no input: give messages, prompt or token_ids.");
      case PROMPT -> {
        if (request.getPrompt().isBlank()) {
          throw invalid("prompt", "prompt is empty; it must hold some text.");
        }
        checkCharacters("prompt", request.getPrompt().length());
      }
      case TOKEN_IDS -> {
        if (request.getTokenIds().getIdsCount() == 0) {
          throw invalid("token_ids", "token_ids is empty; it must hold at least one token.");
        }
        for (int i = 0; i < request.getTokenIds().getIdsCount(); i++) {
          if (request.getTokenIds().getIds(i) < 0) {
            throw invalid(
                "token_ids",
                "token_ids[" + i + "] is " + request.getTokenIds().getIds(i) + "; ids start at 0.");
          }
        }
      }
      case MESSAGES -> checkMessages(request);
    }
  }

  private void checkMessages(GenerateRequest request) throws RefusedException {
    if (request.getMessages().getMessagesCount() == 0) {
      throw invalid("messages", "messages is empty; it must hold at least one message.");
    }
    int characters = 0;
    for (int i = 0; i < request.getMessages().getMessagesCount(); i++) {
      Message message = request.getMessages().getMessages(i);
      String path = "messages[" + i + "]";
      if (!ROLES.contains(message.getRole())) {
        throw invalid(
            path + ".role",
            path
                + ".role is \""
                + shortened(message.getRole())
                + "\"; it must be system, user or assistant.");
      }
      if (message.getContent().isBlank()) {
        throw invalid(path + ".content", path + ".content is empty; it must hold some text.");
      }
      characters += message.getContent().length();
      checkCharacters("messages", characters);
    }
  }

  private void checkCharacters(String field, int characters) throws RefusedException {
    if (characters > maxPromptCharacters) {
      throw invalid(
          field,
          field + " holds more than " + maxPromptCharacters + " characters, the most allowed.");
    }
  }

  private static void checkDiffusion(DiffusionParams params) throws RefusedException {
    if (params.hasGenLength()) {
      range("diffusion.gen_length", params.getGenLength(), 1, MAX_CANVAS);
    }
    if (params.hasBlockLength()) {
      range("diffusion.block_length", params.getBlockLength(), 1, MAX_CANVAS);
    }
    if (params.hasSteps()) {
      range("diffusion.steps", params.getSteps(), 1, MAX_CANVAS);
    }
    if (params.getRemasking() == Remasking.UNRECOGNIZED) {
      throw invalid(
          "diffusion.remasking",
          "diffusion.remasking is "
              + params.getRemaskingValue()
              + "; it must be REMASKING_LOW_CONFIDENCE or REMASKING_RANDOM.");
    }
    if (params.hasConfidenceThreshold()) {
      double threshold = params.getConfidenceThreshold();
      if (!(threshold > 0 && threshold <= 1)) {
        throw invalid(
            "diffusion.confidence_threshold",
            "diffusion.confidence_threshold is "
                + threshold
                + "; it must be above 0 and at most"
                + " 1.");
      }
      if (params.getRemasking() == Remasking.REMASKING_RANDOM) {
        throw invalid(
            "diffusion.remasking",
            "Random remasking does not go with diffusion.confidence_threshold; give diffusion.steps"
                + " instead.");
      }
      if (params.hasSteps()) {
        throw invalid(
            "diffusion.steps",
            "diffusion.steps and diffusion.confidence_threshold are both set; with a threshold the"
                + " number of steps follows from the confidences, so give one of them.");
      }
    }
    if (params.hasCfgScale()) {
      range("diffusion.cfg_scale", params.getCfgScale(), 0, MAX_GUIDANCE);
    }
    checkDivisions(params);
  }

  private static void checkDivisions(DiffusionParams params) throws RefusedException {
    if (!params.hasGenLength()) {
      return;
    }
    int length = params.getGenLength();
    if (params.hasSteps() && params.getSteps() > length) {
      throw invalid(
          "diffusion.steps",
          "diffusion.steps is "
              + params.getSteps()
              + " for a canvas of "
              + length
              + " slots; every step commits at least one, so it must be at most "
              + length
              + ".");
    }
    if (!params.hasBlockLength()) {
      return;
    }
    int block = params.getBlockLength();
    if (length % block != 0) {
      throw invalid(
          "diffusion.gen_length",
          "diffusion.gen_length is "
              + length
              + ", not a whole number of blocks of "
              + block
              + "; "
              + ((length + block - 1) / block * block)
              + " would be.");
    }
    int blocks = length / block;
    if (params.hasSteps() && params.getSteps() % blocks != 0) {
      throw invalid(
          "diffusion.steps",
          "diffusion.steps is "
              + params.getSteps()
              + ", which does not divide into "
              + blocks
              + " blocks; "
              + Math.min(length, (params.getSteps() + blocks - 1) / blocks * blocks)
              + " would.");
    }
  }

  private static void checkSampling(SamplingParams params) throws RefusedException {
    if (params.hasTemperature()) {
      range("sampling.temperature", params.getTemperature(), 0, MAX_TEMPERATURE);
    }
  }

  private Optional<Duration> deadline(GenerateRequest request) throws RefusedException {
    if (!request.hasDeadlineMs()) {
      return Optional.empty();
    }
    range("deadline_ms", request.getDeadlineMs(), 1, maxDeadline.toMillis());
    return Optional.of(Duration.ofMillis(request.getDeadlineMs()));
  }

  private static void range(String field, long value, long min, long max) throws RefusedException {
    if (value < min || value > max) {
      throw invalid(
          field, field + " is " + value + "; it must be from " + min + " to " + max + ".");
    }
  }

  private static void range(String field, double value, double min, double max)
      throws RefusedException {
    if (!(value >= min && value <= max)) {
      throw invalid(
          field,
          field + " is " + value + "; it must be from " + (long) min + " to " + (long) max + ".");
    }
  }

  private static String shortened(String text) {
    return text.length() > 40 ? text.substring(0, 40) + "…" : text;
  }

  private static RefusedException invalid(String field, String message) {
    return new RefusedException(Refusal.invalid(field, message));
  }
}
