package dev.unmask.gateway.flow.admission;

import static dev.unmask.gateway.flow.admission.FieldChecks.checkDraws;
import static dev.unmask.gateway.flow.admission.FieldChecks.invalid;
import static dev.unmask.gateway.flow.admission.FieldChecks.notNegative;
import static dev.unmask.gateway.flow.admission.FieldChecks.range;
import static dev.unmask.gateway.flow.admission.FieldChecks.shortened;

import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.v1.EventDetail;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateStreamRequest;
import dev.unmask.v1.Message;
import dev.unmask.v1.SamplingParams;
import dev.unmask.v1.ScoreRequest;
import dev.unmask.v1.TextOrTokens;
import dev.unmask.v1.TextOrTokens.ContentCase;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The rules of requests to generate and to score. The first one broken is reported, as
 * INVALID_ARGUMENT with the field's path. Ranges follow the reference sampler (LLaDA, generate.py),
 * which asserts the same divisions.
 *
 * @param maxDeadline the longest a caller may ask for
 * @param maxPromptCharacters over all messages, UTF-16 units
 */
public record RequestRules(Duration maxDeadline, int maxPromptCharacters) {

  private static final Set<String> ROLES = Set.of("system", "user", "assistant");
  private static final double MAX_TEMPERATURE = 4;
  private static final int MOST_ANSWERS = 64;
  private static final int MOST_FRAME_INTERVAL = 60_000;
  private static final int MAX_STOPS = 16;
  private static final int MAX_STOP_CHARACTERS = 256;
  private static final int MAX_SAMPLES = 1 << 16;

  /** Slots of a block that nobody chose, at the samplers. */
  private static final int USUAL_BLOCK = 32;

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
      case STREAM_MODE_STEP_DELTA, STREAM_MODE_STEP_SNAPSHOT -> EventDetail.EVENT_DETAIL_STEP;
      case UNRECOGNIZED ->
          throw invalid(
              "mode",
              "mode is "
                  + request.getModeValue()
                  + "; it must be STREAM_MODE_FINAL, STREAM_MODE_BLOCK, STREAM_MODE_STEP_DELTA or"
                  + " STREAM_MODE_STEP_SNAPSHOT.");
    };
  }

  /** How far apart the frames of a stream come at least. */
  public static Duration frameInterval(GenerateStreamRequest request) throws RefusedException {
    range("min_frame_interval_ms", request.getMinFrameIntervalMs(), 0, MOST_FRAME_INTERVAL);
    return Duration.ofMillis(request.getMinFrameIntervalMs());
  }

  /** How many answers are wanted. */
  public static int answers(GenerateRequest request) throws RefusedException {
    if (!request.getSampling().hasN()) {
      return 1;
    }
    range("sampling.n", request.getSampling().getN(), 1, MOST_ANSWERS);
    return request.getSampling().getN();
  }

  public ValidRequest check(GenerateRequest raw) throws RefusedException {
    UnknownFields.refuse(raw);
    GenerateRequest request = withoutN(raw.hasInfill() ? InfillRules.expanded(raw) : raw);
    ModelName model = ModelName.parse(request.getModel(), "model");
    checkInput(request);
    DiffusionRules.check(request.getDiffusion());
    checkSampling(request.getSampling());
    if (request.hasRecordedDraws()) {
      checkDraws(request.getRecordedDraws());
    }
    if (request.hasInfill()) {
      InfillRules.check(request);
    }
    if (request.hasStructured()) {
      StructuredRules.check(request);
    }
    boolean ids = request.hasTokenIds();
    return new ValidRequest(
        request,
        model,
        canvas(request),
        ids ? OptionalInt.of(request.getTokenIds().getIdsCount()) : OptionalInt.empty(),
        ids
            ? request.getTokenIds().getIdsList().stream().mapToInt(Integer::intValue).max()
            : OptionalInt.empty(),
        deadline(request.hasDeadlineMs(), request.getDeadlineMs()));
  }

  /** One answer is what samplers give anyway, also those that never heard of n. */
  private static GenerateRequest withoutN(GenerateRequest request) throws RefusedException {
    if (!request.getSampling().hasN()) {
      return request;
    }
    if (request.getSampling().getN() != 1) {
      throw invalid(
          "sampling.n",
          "sampling.n is "
              + request.getSampling().getN()
              + "; what is asked for here has one answer, so n can only be 1.");
    }
    GenerateRequest.Builder one = request.toBuilder();
    one.getSamplingBuilder().clearN();
    return one.build();
  }

  /** The canvas that the request says it needs, as the samplers choose it. */
  private static OptionalInt canvas(GenerateRequest request) {
    if (request.hasInfill()) {
      return OptionalInt.of(InfillRules.gaps(request.getInfill()));
    }
    if (request.getDiffusion().hasGenLength()) {
      return OptionalInt.of(request.getDiffusion().getGenLength());
    }
    if (!request.getSampling().hasMaxTokens() || request.hasStructured()) {
      return OptionalInt.empty();
    }
    int block =
        request.getDiffusion().hasBlockLength()
            ? request.getDiffusion().getBlockLength()
            : USUAL_BLOCK;
    return OptionalInt.of(Math.ceilDiv(request.getSampling().getMaxTokens(), block) * block);
  }

  /** The rules of a request to score. */
  public ValidScore check(ScoreRequest request) throws RefusedException {
    UnknownFields.refuse(request);
    ModelName model = ModelName.parse(request.getModel(), "model");
    checkPart("context", request.getContext(), false);
    checkPart("continuation", request.getContinuation(), true);
    if (request.hasContext()
        && request.getContext().getContentCase() != ContentCase.CONTENT_NOT_SET
        && request.getContext().getContentCase() != request.getContinuation().getContentCase()) {
      throw invalid(
          "context",
          "context and continuation must both be text or both be token_ids: two texts are encoded"
              + " together.");
    }
    if (request.hasSamples()) {
      range("samples", request.getSamples(), 1, MAX_SAMPLES);
    }
    if (request.hasBatch()) {
      range("batch", request.getBatch(), 1, MAX_SAMPLES);
    }
    if (request.hasSamples()
        && request.hasBatch()
        && request.getSamples() % request.getBatch() != 0) {
      throw invalid(
          "batch",
          "batch is "
              + request.getBatch()
              + ", which does not divide the "
              + request.getSamples()
              + " samples evenly.");
    }
    if (request.hasCfgScale()) {
      range("cfg_scale", request.getCfgScale(), 0, DiffusionRules.MAX_GUIDANCE);
    }
    if (request.hasRecordedDraws()) {
      checkDraws(request.getRecordedDraws());
    }
    return new ValidScore(
        request, model, deadline(request.hasDeadlineMs(), request.getDeadlineMs()));
  }

  private void checkPart(String field, TextOrTokens part, boolean required)
      throws RefusedException {
    switch (part.getContentCase()) {
      case TEXT -> {
        if (required && part.getText().isEmpty()) {
          throw invalid(field + ".text", field + ".text is empty; it must hold what is scored.");
        }
        checkCharacters(field + ".text", part.getText().length());
      }
      case TOKEN_IDS -> {
        if (required && part.getTokenIds().getIdsCount() == 0) {
          throw invalid(
              field + ".token_ids",
              field + ".token_ids is empty; it must hold at least one token.");
        }
        notNegative(field + ".token_ids", part.getTokenIds());
      }
      case CONTENT_NOT_SET -> {
        if (required) {
          throw invalid(
              field, "There is no " + field + ": give it as text or as token_ids to be scored.");
        }
      }
    }
  }

  private static void checkSampling(SamplingParams params) throws RefusedException {
    if (params.hasTemperature()) {
      range("sampling.temperature", params.getTemperature(), 0, MAX_TEMPERATURE);
    }
    if (params.hasMaxTokens()) {
      range("sampling.max_tokens", params.getMaxTokens(), 1, DiffusionRules.MAX_CANVAS);
    }
    if (params.getStopCount() > MAX_STOPS) {
      throw invalid(
          "sampling.stop",
          "sampling.stop holds "
              + params.getStopCount()
              + " strings; at most "
              + MAX_STOPS
              + " are allowed.");
    }
    for (int i = 0; i < params.getStopCount(); i++) {
      String stop = params.getStop(i);
      int length = stop.codePointCount(0, stop.length());
      if (length == 0 || length > MAX_STOP_CHARACTERS) {
        String field = "sampling.stop[" + i + "]";
        throw invalid(
            field,
            field
                + " has "
                + length
                + " characters; it must have from 1 to "
                + MAX_STOP_CHARACTERS
                + ".");
      }
    }
  }

  private void checkInput(GenerateRequest request) throws RefusedException {
    switch (request.getInputCase()) {
      case INPUT_NOT_SET ->
          throw invalid("input", "There is no input: give messages, prompt, token_ids or infill.");
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
        notNegative("token_ids", request.getTokenIds());
      }
      case MESSAGES -> checkMessages(request);
      case INFILL ->
          checkCharacters(
              "infill.parts",
              (int) Math.min(Integer.MAX_VALUE, InfillRules.characters(request.getInfill())));
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

  private Optional<Duration> deadline(boolean given, long millis) throws RefusedException {
    if (!given) {
      return Optional.empty();
    }
    range("deadline_ms", millis, 1, maxDeadline.toMillis());
    return Optional.of(Duration.ofMillis(millis));
  }
}
