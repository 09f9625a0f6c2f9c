package dev.unmask.sampler.events;

import com.google.common.primitives.Ints;
import dev.unmask.model.engine.GenerationResult;
import dev.unmask.model.likelihood.LikelihoodResult;
import dev.unmask.model.likelihood.LikelihoodTask;
import dev.unmask.sampler.models.ServedModel;
import dev.unmask.sampler.schedule.Outcome;
import dev.unmask.sampler.schedule.RequestedJob;
import dev.unmask.text.LladaTokenizer;
import dev.unmask.text.StopStrings;
import dev.unmask.v1.FinishReason;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.ScoreResponse;
import dev.unmask.v1.Timing;
import dev.unmask.v1.TokenScore;
import dev.unmask.v1.Usage;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;

/** Makes the API's answer from what the engine returned. */
final class Answers {

  private Answers() {}

  static GenerateResponse response(RequestedJob job, String worker, Outcome.Answered answered) {
    GenerationResult result = answered.result();
    ServedModel model = answered.model();
    int[] kept = answered.task().kept(result.answerIds());
    StopStrings.Cut cut = answered.task().stops().cut(model.tokenizer().decode(kept));
    int[] tokens =
        cut.stoppedBy().isPresent() ? covering(model.tokenizer(), kept, cut.text()) : kept;
    boolean ended =
        kept.length == result.answerIds().length
            && result.finish() == GenerationResult.FinishReason.STOP;
    GenerateResponse.Builder response =
        GenerateResponse.newBuilder()
            .setRequestId(job.requestId())
            .setText(cut.text())
            .setFinishReason(
                cut.stoppedBy().isPresent() || ended
                    ? FinishReason.FINISH_REASON_STOP
                    : FinishReason.FINISH_REASON_LENGTH)
            .setMatchedStop(cut.stoppedBy().orElse(""))
            .setUsage(
                Usage.newBuilder()
                    .setPromptTokens(answered.task().promptTokens())
                    .setCompletionTokens(tokens.length)
                    .setCanvasTokens(result.canvasIds().length)
                    .setDenoisingSteps(result.steps())
                    .setForwardPasses(result.forwardPasses()))
            .setTiming(
                timing(
                    answered.times(),
                    answered.result().inference(),
                    job.waited().plus(answered.result().queued())))
            .setModelDigest(model.digest().toString())
            .setSeed(answered.task().settings().seed())
            .setWorker(worker)
            .setAttempt(job.attempt())
            .setModel(model.name())
            .addAllTokenIds(Ints.asList(tokens));
    if (answered.task().returnCanvas()) {
      response.addAllCanvasIds(Ints.asList(result.canvasIds()));
    }
    return response.build();
  }

  static ScoreResponse score(RequestedJob job, String worker, Outcome.Scored scored) {
    LikelihoodResult result = scored.result();
    LikelihoodTask task = scored.task().task();
    ServedModel model = scored.model();
    ScoreResponse.Builder response =
        ScoreResponse.newBuilder()
            .setRequestId(job.requestId())
            .setLogLikelihood(result.logLikelihood())
            .setStandardError(result.standardError())
            .setTokens(task.answerIds().length)
            .setPerplexity(Math.exp(result.natsPerToken()))
            .setContextTokens(task.promptIds().length)
            .setSamples(result.samples())
            .setSeed(task.settings().seed())
            .setModel(model.name())
            .setModelDigest(model.digest().toString())
            .setWorker(worker)
            .setAttempt(job.attempt())
            .setTiming(
                timing(
                    scored.times(),
                    Duration.between(scored.times().started(), scored.times().finished()),
                    job.waited()));
    if (scored.task().perToken()) {
      for (int i = 0; i < result.perToken().length; i++) {
        int id = task.answerIds()[i];
        response.addPerToken(
            TokenScore.newBuilder()
                .setTokenId(id)
                .setText(model.tokenizer().tokenText(id))
                .setLogLikelihood(result.perToken()[i]));
      }
    }
    return response.build();
  }

  /** The fewest tokens from the first on whose text holds all of {@code text}. */
  private static int[] covering(LladaTokenizer tokenizer, int[] ids, String text) {
    for (int n = 0; n < ids.length; n++) {
      int[] head = Arrays.copyOf(ids, n);
      if (tokenizer.decode(head).startsWith(text)) {
        return head;
      }
    }
    return ids;
  }

  private static Timing timing(Outcome.RunTimes times, Duration inference, Duration waiting) {
    return Timing.newBuilder()
        .setQueueMs(millis(times.admitted(), times.started()))
        .setWaitingMs(waiting.toNanos() / 1e6)
        .setInferenceMs(inference.toNanos() / 1e6)
        .setFirstCommitMs(millis(times.admitted(), times.firstCommit()))
        .setTotalMs(millis(times.admitted(), times.finished()))
        .build();
  }

  /** Clocks of two machines may disagree; a negative duration says nothing. */
  private static double millis(Instant from, Instant to) {
    return Math.max(0.0, Duration.between(from, to).toNanos() / 1e6);
  }
}
