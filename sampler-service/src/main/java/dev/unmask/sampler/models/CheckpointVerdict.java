package dev.unmask.sampler.models;

import dev.unmask.store.Digest;
import dev.unmask.store.release.Measured;
import java.util.List;

/** What this worker found out about a checkpoint, for whoever published it. */
public sealed interface CheckpointVerdict {

  Digest digest();

  /** A probe's prompt and what the model made of it. */
  record Probe(String prompt, String answer) {}

  /** It is being fetched, checked and loaded. */
  record Loading(Digest digest, String model) implements CheckpointVerdict {}

  /**
   * Every digest is right, the model is loaded and answers.
   *
   * @param measured what gates judge
   * @param alone whether the weights that serve by default had to go for it
   */
  record Verified(
      Digest digest,
      String model,
      List<Probe> probes,
      Measured measured,
      LoadTimes times,
      boolean alone)
      implements CheckpointVerdict {}

  /** It cannot be served here; {@code reason} is a sentence. */
  record Broken(Digest digest, String model, String reason) implements CheckpointVerdict {}

  /** It is no longer held here. */
  record Retired(Digest digest, String model) implements CheckpointVerdict {}
}
