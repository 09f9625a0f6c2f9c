package dev.unmask.sampler.events;

import com.google.common.primitives.Ints;
import dev.unmask.model.engine.GenerationResult;
import dev.unmask.sampler.models.ServedModel;
import dev.unmask.sampler.schedule.Outcome;
import dev.unmask.sampler.schedule.RequestedJob;
import dev.unmask.v1.FinishReason;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.Timing;
import dev.unmask.v1.Usage;
import java.time.Duration;
import java.time.Instant;

/** Makes the API's answer from what the engine returned. */
final class Answers {

  private Answers() {}

  static GenerateResponse response(RequestedJob job, String worker, Outcome.Answered answered) {
    GenerationResult result = answered.result();
    ServedModel model = answered.model();
    GenerateResponse.Builder response =
        GenerateResponse.newBuilder()
            .setRequestId(job.requestId())
            .setText(model.tokenizer().decode(result.answerIds()))
            .setFinishReason(
                switch (result.finish()) {
                  case STOP -> FinishReason.FINISH_REASON_STOP;
                  case LENGTH -> FinishReason.FINISH_REASON_LENGTH;
                })
            .setUsage(
                Usage.newBuilder()
                    .setPromptTokens(answered.task().promptTokens())
                    .setCompletionTokens(result.answerIds().length)
                    .setCanvasTokens(result.canvasIds().length)
                    .setDenoisingSteps(result.steps())
                    .setForwardPasses(result.forwardPasses()))
            .setTiming(timing(answered))
            .setModelDigest(model.digest().toString())
            .setSeed(answered.task().settings().seed())
            .setWorker(worker)
            .setAttempt(job.attempt())
            .setModel(model.name())
            .addAllTokenIds(Ints.asList(result.answerIds()));
    if (answered.task().returnCanvas()) {
      response.addAllCanvasIds(Ints.asList(result.canvasIds()));
    }
    return response.build();
  }

  private static Timing timing(Outcome.Answered answered) {
    Outcome.RunTimes times = answered.times();
    return Timing.newBuilder()
        .setQueueMs(millis(times.admitted(), times.started()))
        .setInferenceMs(answered.result().inference().toNanos() / 1e6)
        .setFirstCommitMs(millis(times.admitted(), times.firstCommit()))
        .setTotalMs(millis(times.admitted(), times.finished()))
        .build();
  }

  /** Clocks of two machines may disagree; a negative duration says nothing. */
  private static double millis(Instant from, Instant to) {
    return Math.max(0.0, Duration.between(from, to).toNanos() / 1e6);
  }
}
