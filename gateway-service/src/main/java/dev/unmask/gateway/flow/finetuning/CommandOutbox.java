package dev.unmask.gateway.flow.finetuning;

import dev.unmask.gateway.flow.JobOutbox.Sent;
import dev.unmask.v1.FineTuneCommand;

/** Sends what the trainers must know. */
@FunctionalInterface
public interface CommandOutbox {

  /** Returns at once, on any thread; {@code sent} hears how it went. */
  void send(FineTuneCommand command, Sent sent);
}
