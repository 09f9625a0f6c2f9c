package dev.unmask.sampler.events;

import com.google.common.primitives.Ints;
import dev.unmask.model.engine.GenerationResult;
import dev.unmask.model.likelihood.LikelihoodResult;
import dev.unmask.model.likelihood.LikelihoodTask;
import dev.unmask.sampler.models.ServedModel;
import dev.unmask.sampler.schedule.InfillRow;
import dev.unmask.sampler.schedule.Outcome;
import dev.unmask.sampler.schedule.RequestedJob;
import dev.unmask.sampler.structure.JsonLayout;
import dev.unmask.text.LladaTokenizer;
import dev.unmask.text.StopStrings;
import dev.unmask.v1.FilledGap;
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
    GenerateResponse.Builder response = head(job, worker, answered);
    InfillRow infill = answered.task().infill();
    JsonLayout layout = answered.task().layout();
    if (layout != null) {
      write(response, layout, answered);
    } else if (infill != null) {
      fill(response, infill, answered.result().canvasIds(), answered.model().tokenizer());
    } else {
      answer(response, answered);
    }
    if (answered.task().returnCanvas()) {
      response.addAllCanvasIds(Ints.asList(answered.result().canvasIds()));
    }
    return response.build();
  }

  /** The text with its gaps filled. EOS in a gap leaves the rest of the gap empty. */
  private static void fill(
      GenerateResponse.Builder response, InfillRow infill, int[] canvas, LladaTokenizer tokenizer) {
    StringBuilder text = new StringBuilder();
    int slot = 0;
    for (InfillRow.Piece piece : infill.pieces()) {
      switch (piece) {
        case InfillRow.Piece.Fixed fixed -> text.append(fixed.text());
        case InfillRow.Piece.Gap gap -> {
          int[] ids = Arrays.copyOfRange(canvas, slot, slot + gap.slots());
          slot += gap.slots();
          String written = tokenizer.decode(ids);
          text.append(written);
          response.addGaps(
              FilledGap.newBuilder().setText(written).addAllTokenIds(Ints.asList(ids)));
        }
      }
    }
    response
        .setText(text.toString())
        .setFinishReason(FinishReason.FINISH_REASON_STOP)
        .addAllTokenIds(Ints.asList(canvas));
    response.getUsageBuilder().setCompletionTokens(canvas.length);
  }

  /** The form with its values: what counts as written is the JSON, not the slots left empty. */
  private static void write(
      GenerateResponse.Builder response, JsonLayout layout, Outcome.Answered answered) {
    String text = layout.text(answered.result().canvasIds());
    int[] ids = answered.model().tokenizer().encode(text);
    response
        .setText(text)
        .setFinishReason(FinishReason.FINISH_REASON_STOP)
        .addAllTokenIds(Ints.asList(ids));
    response.getUsageBuilder().setCompletionTokens(ids.length);
  }

  private static void answer(GenerateResponse.Builder response, Outcome.Answered answered) {
    GenerationResult result = answered.result();
    ServedModel model = answered.model();
    int[] kept = answered.task().kept(result.answerIds());
    StopStrings.Cut cut = answered.task().stops().cut(model.tokenizer().decode(kept));
    int[] tokens =
        cut.stoppedBy().isPresent() ? covering(model.tokenizer(), kept, cut.text()) : kept;
    boolean ended =
        kept.length == result.answerIds().length
            && result.finish() == GenerationResult.FinishReason.STOP;
    response
        .setText(cut.text())
        .setFinishReason(
            cut.stoppedBy().isPresent() || ended
                ? FinishReason.FINISH_REASON_STOP
                : FinishReason.FINISH_REASON_LENGTH)
        .setMatchedStop(cut.stoppedBy().orElse(""))
        .addAllTokenIds(Ints.asList(tokens));
    response.getUsageBuilder().setCompletionTokens(tokens.length);
  }

  /** Everything but the text. */
  private static GenerateResponse.Builder head(
      RequestedJob job, String worker, Outcome.Answered answered) {
    GenerationResult result = answered.result();
    ServedModel model = answered.model();
    return GenerateResponse.newBuilder()
        .setRequestId(job.requestId())
        .setUsage(
            Usage.newBuilder()
                .setPromptTokens(answered.task().promptTokens())
                .setCanvasTokens(result.canvasIds().length)
                .setDenoisingSteps(result.steps())
                .setForwardPasses(result.forwardPasses()))
        .setTiming(timing(answered.times(), result.inference(), job.waited().plus(result.queued())))
        .setModelDigest(model.digest().toString())
        .setSeed(answered.task().settings().seed())
        .setWorker(worker)
        .setAttempt(job.attempt())
        .setModel(model.name());
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
