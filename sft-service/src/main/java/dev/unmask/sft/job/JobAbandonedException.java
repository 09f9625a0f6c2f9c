package dev.unmask.sft.job;

/**
 * This trainer stops before the job is done: it shuts down or has lost the job to another one. The
 * state is on the disk and nothing was said to the world.
 */
public final class JobAbandonedException extends Exception {

  private static final long serialVersionUID = 1L;

  public JobAbandonedException() {
    super("the trainer was asked to stop");
  }
}
