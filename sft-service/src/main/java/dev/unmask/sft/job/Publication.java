package dev.unmask.sft.job;

import dev.unmask.store.Digest;
import dev.unmask.store.Manifest;
import dev.unmask.store.release.GateResult;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/** How a checkpoint reaches the samplers. Calls come from the training thread and block. */
public interface Publication {

  /**
   * What the live workers of a base made of a checkpoint.
   *
   * @param verified workers that loaded it and answered the probes
   * @param failed workers that could not, with their reasons
   * @param silent live workers that said nothing in time
   * @param answers all probe answers
   * @param gates every gate at every worker that measured
   */
  record Verification(
      List<String> verified,
      Map<String, String> failed,
      List<String> silent,
      List<Answer> answers,
      List<GateResult> gates) {}

  /** What became of a move. */
  sealed interface Move {}

  /** The alias points to the weights. */
  record Moved(AliasMove move) implements Move {}

  /** Somebody else was first; {@code why} is a sentence that names the record. */
  record Lost(String why) implements Move {}

  /** An alias and where it points now. */
  record AliasMove(String model, String alias, Digest digest, String previousDigest) {}

  /** Sends the checkpoint record; the blobs and the manifest are in the store. */
  void announce(Manifest manifest, JobRequest job) throws IOException;

  /** Waits until every live worker of the manifest's base has reported, or patience ends. */
  Verification awaitWorkers(Manifest manifest, BooleanSupplier stop) throws IOException;

  /** The epoch of an alias; 0 before its first record. */
  long epoch(String model, String alias);

  /**
   * Points an alias to a digest; does nothing but answer when it does already.
   *
   * @param epoch that the alias has to have: the first record that follows it wins
   */
  Move moveAlias(String model, String alias, Digest digest, long epoch, String jobId)
      throws IOException;
}
