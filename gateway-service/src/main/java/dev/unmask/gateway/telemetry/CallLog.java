package dev.unmask.gateway.telemetry;

import dev.unmask.gateway.flow.FlowObserver;
import dev.unmask.gateway.flow.GenerationCall;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.ScoreResponse;
import java.time.Duration;
import org.jboss.logging.Logger;

/** One line a call, at its end; its beginning at DEBUG. */
public final class CallLog implements FlowObserver {

  private static final Logger LOG = Logger.getLogger(CallLog.class);

  @Override
  public void rejected(Rejection reason, Refusal refusal) {
    LOG.infof(
        "event=generation.rejected reason=%s code=%s field=%s",
        reason, refusal.label(), refusal.field());
  }

  @Override
  public void admitted(GenerationCall call) {
    LOG.debugf(
        "event=generation.admitted request_id=%s model=%s digest=%s detail=%s",
        call.requestId(), call.model().name(), call.model().digest(), call.detail());
  }

  @Override
  public void started(GenerationCall call, Duration sinceAdmission) {
    LOG.debugf(
        "event=generation.started request_id=%s queue_ms=%.1f",
        call.requestId(), millis(sinceAdmission));
  }

  @Override
  public void firstText(GenerationCall call, Duration sinceAdmission) {}

  @Override
  public void answered(GenerationCall call, GenerateResponse answer, Duration total) {
    LOG.infof(
        "event=generation.answered request_id=%s model=%s digest=%s worker=%s attempt=%d"
            + " completion_tokens=%d steps=%d total_ms=%.1f",
        call.requestId(),
        call.model().name(),
        answer.getModelDigest(),
        answer.getWorker(),
        answer.getAttempt(),
        answer.getUsage().getCompletionTokens(),
        answer.getUsage().getDenoisingSteps(),
        millis(total));
  }

  @Override
  public void scored(GenerationCall call, ScoreResponse score, Duration total) {
    LOG.infof(
        "event=score.answered request_id=%s model=%s digest=%s worker=%s attempt=%d tokens=%d"
            + " samples=%d total_ms=%.1f",
        call.requestId(),
        call.model().name(),
        score.getModelDigest(),
        score.getWorker(),
        score.getAttempt(),
        score.getTokens(),
        score.getSamples(),
        millis(total));
  }

  @Override
  public void failed(GenerationCall call, Refusal refusal, Duration total) {
    String line =
        String.format(
            "event=generation.failed request_id=%s model=%s code=%s total_ms=%.1f",
            call.requestId(), call.model().name(), refusal.label(), millis(total));
    if (refusal.code() == ErrorCode.ERROR_CODE_INTERNAL) {
      LOG.errorf("%s cause=\"%s\"", line, refusal.message());
    } else {
      LOG.info(line);
    }
  }

  @Override
  public void cancelled(GenerationCall call, Duration total) {
    LOG.infof(
        "event=generation.cancelled request_id=%s total_ms=%.1f", call.requestId(), millis(total));
  }

  @Override
  public void resumed() {}

  @Override
  public void retried(GenerationCall call, int attempt) {
    LOG.warnf("event=generation.retried request_id=%s attempt=%d", call.requestId(), attempt);
  }

  private static double millis(Duration duration) {
    return duration.toNanos() / 1e6;
  }
}
