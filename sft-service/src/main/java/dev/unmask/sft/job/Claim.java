package dev.unmask.sft.job;

import java.io.IOException;

/** A trainer's hold on a job, until another trainer claims it. Thread-safe. */
public interface Claim {

  /** Grows with each owner of the job. */
  long epoch();

  /** The job's story up to this claim. */
  JobDesk.Standing before();

  /** Whether another claim is known by now. A trainer that slept may not know it yet. */
  boolean isLost();

  /**
   * Asks the cluster whether the claim still stands. For what cannot be taken back: a trainer that
   * slept finds its successor's claim here.
   *
   * @throws JobAbandonedException when it does not
   * @throws IOException when the cluster does not answer in time
   */
  void confirm() throws IOException, JobAbandonedException;
}
