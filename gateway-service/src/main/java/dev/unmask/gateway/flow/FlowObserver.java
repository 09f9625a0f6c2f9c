package dev.unmask.gateway.flow;

import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.ScoreResponse;
import java.time.Duration;

/** Hears what happens to calls, for metrics and logs. Must not block or throw. Any thread. */
public interface FlowObserver {

  /** Why a call was turned away before it reached a queue. */
  enum Rejection {
    INVALID,
    UNKNOWN_MODEL,
    NO_WORKER,
    QUEUE_FULL,
    OVERLOAD,
    QUOTA,
    DEADLINE,
    DRAINING,
    NOT_READY
  }

  void rejected(Rejection reason, Refusal refusal);

  void admitted(GenerationCall call);

  /** A sampler has begun: time since admission, Kafka included. */
  void started(GenerationCall call, Duration sinceAdmission);

  /** The first committed text of a stream. */
  void firstText(GenerationCall call, Duration sinceAdmission);

  void answered(GenerationCall call, GenerateResponse answer, Duration total);

  void scored(GenerationCall call, ScoreResponse score, Duration total);

  void failed(GenerationCall call, Refusal refusal, Duration total);

  void cancelled(GenerationCall call, Duration total);

  /** A caller goes on with a stream behind an event that it has. */
  void resumed();

  /** A later attempt has taken over from one that had shown something. */
  void retried(GenerationCall call, int attempt);
}
