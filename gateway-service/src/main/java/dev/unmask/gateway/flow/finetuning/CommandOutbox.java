package dev.unmask.gateway.flow.finetuning;

import dev.unmask.gateway.flow.JobOutbox.Sent;
import dev.unmask.v1.FineTuneCommand;
import org.jspecify.annotations.Nullable;

/** Sends what the trainers must know. */
@FunctionalInterface
public interface CommandOutbox {

  /**
   * Returns at once, on any thread; {@code sent} hears how it went.
   *
   * @param traceparent the span that it is a part of, if one is recorded
   */
  void send(FineTuneCommand command, @Nullable String traceparent, Sent sent);
}
