package dev.unmask.sampler.tracing;

import dev.unmask.sampler.models.CheckpointVerdict;
import dev.unmask.sampler.models.LoadTimes;
import dev.unmask.store.Digest;
import dev.unmask.tracing.TraceSpan;
import dev.unmask.tracing.Tracing;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The spans of checkpoints that are being taken up, by digest. Any thread. */
public final class CheckpointTraces {

  private final Tracing tracing;
  private final Map<Digest, TraceSpan> loading = new ConcurrentHashMap<>();

  public CheckpointTraces(Tracing tracing) {
    this.tracing = tracing;
  }

  /**
   * A checkpoint's record was read.
   *
   * @param traceparent as the record says it; null when it says none
   */
  public void published(Digest digest, @Nullable String traceparent) {
    if (traceparent != null) {
      TraceSpan span = tracing.begin("take up weights", TraceSpan.Kind.CONSUMER, traceparent);
      if (span.isRecording()) {
        loading.put(digest, span.set("unmask.model_digest", digest.toString()));
      }
    }
  }

  /** What became of it. Its parts followed each other and have just ended. */
  public void judged(CheckpointVerdict verdict) {
    TraceSpan span =
        verdict instanceof CheckpointVerdict.Loading ? null : loading.remove(verdict.digest());
    if (span == null) {
      return;
    }
    switch (verdict) {
      case CheckpointVerdict.Verified verified -> parts(span, verified.times());
      case CheckpointVerdict.Broken broken -> span.failed("verify_failed");
      case CheckpointVerdict.Retired retired -> span.failed("retired");
      case CheckpointVerdict.Loading loads -> span.event("loading", Map.of());
    }
    span.end();
  }

  private static void parts(TraceSpan span, LoadTimes times) {
    Instant end = Instant.now();
    end = part(span, "probes", times.probe(), end);
    end = part(span, "warm-up", times.warmUp(), end);
    end = part(span, "load", times.load(), end);
    var unused = part(span, "fetch and check", times.fetch(), end);
  }

  private static Instant part(TraceSpan span, String name, Duration took, Instant end) {
    Instant start = end.minus(took);
    span.child(name, TraceSpan.Kind.INTERNAL, start).endAt(end);
    return start;
  }
}
