package dev.unmask.gateway.flow.batches;

import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateResponse;
import java.util.List;

/** How the lines of a batch are read and written: the protocol's part of it. */
public interface BatchLines {

  /**
   * One request of the file.
   *
   * @param customId the caller's name of it
   * @param requests what is to be run, one for each answer
   */
  record Line(String customId, List<GenerateRequest> requests) {}

  /** Reads a line; {@link RefusedException} says what is wrong with it. */
  Line read(String line, String endpoint) throws RefusedException;

  /** The output line of a request that was answered. */
  String answered(Line line, String endpoint, String requestId, List<GenerateResponse> answers);

  /** The output line of one that was not. */
  String failed(Line line, String requestId, Refusal refusal);
}
