package dev.unmask.gateway.flow;

import dev.unmask.v1.CanvasStep;
import dev.unmask.v1.CommittedText;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.GenerationFailed;
import dev.unmask.v1.GenerationStarted;
import dev.unmask.v1.ScoreResponse;
import dev.unmask.v1.SlotCommit;

/** Short names for the events of a test, and short text for what came out. */
final class Events {

  private Events() {}

  static GenerationEvent started(int attempt) {
    return event(attempt).setStarted(GenerationStarted.newBuilder().setCanvasLength(8)).build();
  }

  static GenerationEvent text(int attempt, String delta) {
    return event(attempt).setText(CommittedText.newBuilder().setDelta(delta)).build();
  }

  /** A step that commits pairs of slot and token. */
  static GenerationEvent step(int attempt, int... slotsAndTokens) {
    CanvasStep.Builder step = CanvasStep.newBuilder();
    for (int i = 0; i < slotsAndTokens.length; i += 2) {
      step.addCommits(
          SlotCommit.newBuilder().setSlot(slotsAndTokens[i]).setTokenId(slotsAndTokens[i + 1]));
    }
    return event(attempt).setStep(step).build();
  }

  static GenerationEvent answer(int attempt, String text) {
    return event(attempt).setFinal(GenerateResponse.newBuilder().setText(text)).build();
  }

  static GenerationEvent scored(int attempt, double logLikelihood) {
    return event(attempt)
        .setScored(ScoreResponse.newBuilder().setLogLikelihood(logLikelihood))
        .build();
  }

  static GenerationEvent failed(int attempt, ErrorCode code) {
    return event(attempt).setFailed(GenerationFailed.newBuilder().setCode(code)).build();
  }

  /** E.g. {@code text:Par} or {@code step:0=7,3=9}. */
  static String show(GenerationEvent event) {
    return switch (event.getEventCase()) {
      case STARTED -> "started";
      case STEP -> {
        StringBuilder out = new StringBuilder("step:");
        event
            .getStep()
            .getCommitsList()
            .forEach(c ->
                out.append(out.length() > 5 ? "," : "")
                    .append(c.getSlot())
                    .append('=')
                    .append(c.getTokenId()));
        yield out.toString();
      }
      case TEXT -> "text:" + event.getText().getDelta();
      case RESTARTED -> "restarted";
      case FINAL -> "final:" + event.getFinal().getText();
      case FAILED -> "failed:" + Refusal.from(event.getFailed()).label();
      case SCORED -> "scored:" + event.getScored().getLogLikelihood();
      case EVENT_NOT_SET -> "nothing";
    };
  }

  private static GenerationEvent.Builder event(int attempt) {
    return GenerationEvent.newBuilder().setRequestId("r").setAttempt(attempt);
  }
}
