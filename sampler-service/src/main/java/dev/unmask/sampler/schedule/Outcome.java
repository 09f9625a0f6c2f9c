package dev.unmask.sampler.schedule;

import dev.unmask.model.engine.GenerationResult;
import dev.unmask.model.likelihood.LikelihoodResult;
import dev.unmask.sampler.models.ServedModel;
import dev.unmask.v1.ErrorCode;
import java.time.Instant;

/** How a run ended. Every run ends in exactly one of these. */
public sealed interface Outcome {

  /** The canvas is full, or the answer ended before. */
  record Answered(ServedModel model, PlannedTask task, GenerationResult result, RunTimes times)
      implements Outcome {}

  /** The continuation is scored. */
  record Scored(ServedModel model, PlannedScore task, LikelihoodResult result, RunTimes times)
      implements Outcome {}

  /**
   * The request ends with an error.
   *
   * @param message a sentence for the caller
   * @param field the request field at fault; empty when none is
   */
  record Failed(ErrorCode code, String message, String field) implements Outcome {}

  /** This attempt is over and another one answers the request: nothing may be written for it. */
  record Abandoned() implements Outcome {}

  /**
   * When things happened, by this machine's clock.
   *
   * @param admitted when the request entered the cluster
   * @param started just before the first forward
   * @param firstCommit after the first forward; the end for a score, which commits nothing
   */
  record RunTimes(Instant admitted, Instant started, Instant firstCommit, Instant finished) {}
}
