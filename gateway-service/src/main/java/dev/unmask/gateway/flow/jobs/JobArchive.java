package dev.unmask.gateway.flow.jobs;

import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.JobRecord;

/** Reads single records again that are no longer in memory. Every method blocks. */
public interface JobArchive {

  /**
   * The end of a job.
   *
   * @throws RefusedException OUT_OF_RANGE when it is no longer kept, UNAVAILABLE without Kafka
   */
  GenerationEvent end(JobPlace place) throws RefusedException;

  /** What was asked; fails as {@link #end} does. */
  JobRecord asked(JobPlace place) throws RefusedException;
}
