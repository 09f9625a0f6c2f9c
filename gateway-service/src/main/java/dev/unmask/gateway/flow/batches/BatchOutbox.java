package dev.unmask.gateway.flow.batches;

import dev.unmask.gateway.flow.JobOutbox.Sent;
import dev.unmask.v1.BatchRecord;

/** Writes what every gateway must know of a batch. */
@FunctionalInterface
public interface BatchOutbox {

  /** Returns at once, on any thread; {@code sent} hears how it went. */
  void send(BatchRecord batch, Sent sent);
}
