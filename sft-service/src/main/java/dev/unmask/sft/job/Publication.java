package dev.unmask.sft.job;

import dev.unmask.store.Digest;
import dev.unmask.store.Manifest;
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
   */
  record Verification(
      List<String> verified,
      Map<String, String> failed,
      List<String> silent,
      List<Answer> answers) {}

  /** An alias and where it points now. */
  record AliasMove(String model, String alias, Digest digest, String previousDigest) {}

  /** Sends the checkpoint record; the blobs and the manifest are in the store. */
  void announce(Manifest manifest, String jobId) throws IOException;

  /** Waits until every live worker of the manifest's base has reported, or patience ends. */
  Verification awaitWorkers(Manifest manifest, BooleanSupplier stop) throws IOException;

  /** Points an alias to a digest; does nothing but answer when it does already. */
  AliasMove moveAlias(String model, String alias, Digest digest, String jobId) throws IOException;
}
