package dev.unmask.sampler.schedule;

import dev.unmask.model.likelihood.Continuation;
import dev.unmask.model.likelihood.LikelihoodSettings;
import dev.unmask.model.likelihood.LikelihoodTask;
import dev.unmask.model.likelihood.MaskDraws;
import dev.unmask.model.sampling.InvalidSettingsException;
import dev.unmask.sampler.models.ServedModel;
import dev.unmask.v1.ScoreRequest;
import dev.unmask.v1.TextOrTokens;
import dev.unmask.v1.TextOrTokens.ContentCase;

/**
 * Turns a request to score into a task for one model, or refuses it with a sentence. Two texts are
 * divided as LLaDA's evaluation harness does it.
 */
final class ScorePlanner {

  private static final int MOST_SAMPLES = 1 << 16;

  private final DrawSource draws;

  /**
   * @param draws where recorded masks come from, if this worker takes them
   */
  ScorePlanner(DrawSource draws) {
    this.draws = draws;
  }

  PlannedScore plan(RequestedJob job, ScoreRequest request, ServedModel model)
      throws RefusedRequestException {
    Continuation pair = pair(request, model);
    if (pair.answerIds().length == 0) {
      throw RefusedRequestException.invalid(
          "continuation",
          "the continuation adds no token to the context; it must add at least one");
    }
    try {
      LikelihoodSettings settings = settings(job, request, pair.answerIds().length);
      MaskDraws masks =
          request.hasRecordedDraws()
              ? draws.forScore(
                  request.getRecordedDraws(),
                  pair.promptIds().length,
                  pair.answerIds().length,
                  settings.samples(),
                  model)
              : new MaskDraws.Seeded(settings.seed());
      LikelihoodTask task = new LikelihoodTask(pair.promptIds(), pair.answerIds(), settings, masks);
      task.check(model.weights().config());
      return new PlannedScore(task, request.getPerToken());
    } catch (InvalidSettingsException e) {
      throw RefusedRequestException.invalid(path(e.field()), String.valueOf(e.getMessage()));
    }
  }

  private static LikelihoodSettings settings(RequestedJob job, ScoreRequest request, int tokens)
      throws RefusedRequestException {
    // A single token is always the one that is masked: every sample would be the same.
    int samples =
        request.hasSamples()
            ? request.getSamples()
            : tokens == 1 ? 1 : LikelihoodSettings.USUAL_SAMPLES;
    if (samples > MOST_SAMPLES) {
      throw RefusedRequestException.invalid(
          "samples", "samples is " + samples + "; it must be at most " + MOST_SAMPLES);
    }
    int usual =
        samples % LikelihoodSettings.USUAL_BATCH == 0 ? LikelihoodSettings.USUAL_BATCH : samples;
    return new LikelihoodSettings(
        samples,
        request.hasBatch() ? request.getBatch() : usual,
        request.getCfgScale(),
        request.hasSeed() ? request.getSeed() : TaskPlanner.seedOf(job));
  }

  private static Continuation pair(ScoreRequest request, ServedModel model)
      throws RefusedRequestException {
    TextOrTokens context = request.getContext();
    TextOrTokens continuation = request.getContinuation();
    if (context.getContentCase() != ContentCase.CONTENT_NOT_SET
        && continuation.getContentCase() != ContentCase.CONTENT_NOT_SET
        && context.getContentCase() != continuation.getContentCase()) {
      throw RefusedRequestException.invalid(
          "context",
          "context and continuation must both be text or both be token_ids: two texts are encoded"
              + " together");
    }
    return switch (continuation.getContentCase()) {
      case TEXT -> encoded(context.getText(), continuation.getText(), model);
      case TOKEN_IDS ->
          new Continuation(
              TaskPlanner.checked("context.token_ids", context.getTokenIds().getIdsList(), model),
              TaskPlanner.checked(
                  "continuation.token_ids", continuation.getTokenIds().getIdsList(), model));
      case CONTENT_NOT_SET ->
          throw RefusedRequestException.invalid(
              "continuation", "there is nothing to score: give continuation as text or token_ids");
    };
  }

  private static Continuation encoded(String context, String continuation, ServedModel model)
      throws RefusedRequestException {
    try {
      return Continuation.encode(model.tokenizer(), context, continuation);
    } catch (IllegalArgumentException e) {
      // The two together can be longer than a tokenizer takes.
      throw RefusedRequestException.invalid("continuation", String.valueOf(e.getMessage()));
    }
  }

  /** The request's path of a setting that the library refused. */
  private static String path(String setting) {
    return switch (setting) {
      case "promptIds" -> "context";
      case "answerIds" -> "continuation";
      case "cfgScale" -> "cfg_scale";
      default -> setting;
    };
  }
}
