package dev.unmask.sft.job;

import java.io.IOException;
import java.time.Instant;
import java.util.Optional;

/**
 * What the cluster knows of jobs, and how a trainer takes one. Implementations are thread-safe and
 * may be as old as the last record they read; {@link #claim} is not.
 */
public interface JobDesk {

  /** What the person who asked for a job wants of it now. */
  enum Wish {
    RUN,
    PAUSE,
    CANCEL
  }

  /** Where a job's story is. */
  enum Phase {
    /** Nobody has begun it since it was asked for. */
    QUEUED,
    /** A trainer has it, or had it when it died. */
    TAKEN,
    PAUSED,
    ENDED
  }

  /**
   * A job's story so far.
   *
   * @param savedStep the last step whose state a trainer called safe; 0 for none
   */
  record Standing(Phase phase, long savedStep) {}

  Standing standing(String jobId);

  /** When a job ended; nothing when it has not, or is not known. */
  Optional<Instant> endedAt(String jobId);

  Wish wish(String jobId);

  /**
   * Takes a job from whoever has it. Blocks until the claim stands or another came first.
   *
   * @return nothing when another trainer took it at the same moment
   * @throws IOException when the cluster does not answer in time
   */
  Optional<Claim> claim(String jobId) throws IOException;
}
