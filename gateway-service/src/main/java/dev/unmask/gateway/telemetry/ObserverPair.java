package dev.unmask.gateway.telemetry;

import dev.unmask.gateway.flow.FlowObserver;
import dev.unmask.gateway.flow.GenerationCall;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.ScoreResponse;
import java.time.Duration;

/** Tells two observers. */
public record ObserverPair(FlowObserver first, FlowObserver second) implements FlowObserver {

  @Override
  public void rejected(Rejection reason, Refusal refusal) {
    first.rejected(reason, refusal);
    second.rejected(reason, refusal);
  }

  @Override
  public void admitted(GenerationCall call) {
    first.admitted(call);
    second.admitted(call);
  }

  @Override
  public void started(GenerationCall call, Duration sinceAdmission) {
    first.started(call, sinceAdmission);
    second.started(call, sinceAdmission);
  }

  @Override
  public void firstText(GenerationCall call, Duration sinceAdmission) {
    first.firstText(call, sinceAdmission);
    second.firstText(call, sinceAdmission);
  }

  @Override
  public void answered(GenerationCall call, GenerateResponse answer, Duration total) {
    first.answered(call, answer, total);
    second.answered(call, answer, total);
  }

  @Override
  public void scored(GenerationCall call, ScoreResponse score, Duration total) {
    first.scored(call, score, total);
    second.scored(call, score, total);
  }

  @Override
  public void failed(GenerationCall call, Refusal refusal, Duration total) {
    first.failed(call, refusal, total);
    second.failed(call, refusal, total);
  }

  @Override
  public void cancelled(GenerationCall call, Duration total) {
    first.cancelled(call, total);
    second.cancelled(call, total);
  }

  @Override
  public void resumed() {
    first.resumed();
    second.resumed();
  }

  @Override
  public void retried(GenerationCall call, int attempt) {
    first.retried(call, attempt);
    second.retried(call, attempt);
  }
}
