package dev.unmask.gateway.flow;

import dev.unmask.v1.GenerationJob;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Sends what the samplers must know. Methods return at once; any thread. */
public interface JobOutbox {

  /**
   * Sends {@code job} to the samplers of {@code base}; {@code sent} hears how that went.
   *
   * @param traceparent the span that it is a part of, if one is recorded
   */
  void send(String base, GenerationJob job, @Nullable String traceparent, Sent sent);

  /**
   * Tells every sampler to stop the request, or not to start it.
   *
   * @param rememberUntil how long a sampler that has not seen the request keeps the cancel
   */
  void cancel(String requestId, String reason, Instant rememberUntil);

  /**
   * The same, for a request that this gateway does not know.
   *
   * @param tenant whose it must be; empty for anybody's
   */
  void cancel(String requestId, String reason, Instant rememberUntil, String tenant);

  /** Hears once whether a record is safe with the broker. Any thread. */
  interface Sent {
    void done(@Nullable Exception failure);
  }
}
