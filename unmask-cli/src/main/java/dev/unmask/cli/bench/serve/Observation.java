package dev.unmask.cli.bench.serve;

import dev.unmask.v1.GenerateResponse;
import io.grpc.Status;

/**
 * One call as its caller saw it. Times are those of {@link System#nanoTime}.
 *
 * @param intended when it was to be sent; a late sender does not shorten what a caller waits
 * @param sent when it was sent
 * @param firstText when the first committed text was there; that of a unary call comes with the end
 * @param ended when the answer or the failure was there
 * @param status OK, or why there is no answer
 * @param why a sentence for a failure
 * @param answer empty for a failure
 */
record Observation(
    long intended,
    long sent,
    long firstText,
    long ended,
    Status.Code status,
    String why,
    GenerateResponse answer) {

  boolean answered() {
    return status == Status.Code.OK;
  }
}
