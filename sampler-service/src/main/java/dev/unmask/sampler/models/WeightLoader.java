package dev.unmask.sampler.models;

import dev.unmask.store.Digest;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Builds and judges a model; called on the loader thread only. */
public interface WeightLoader {

  /**
   * What weights need to be loaded.
   *
   * @param base the weights that they are an adapter for; empty when they are whole
   * @param bytes of whole weights in memory; 0 for an adapter
   */
  record Needs(Optional<Digest> base, long bytes) {}

  /** What {@code digest} needs to be loaded. */
  Needs needs(Digest digest) throws UnavailableModelException;

  /**
   * Loads and judges.
   *
   * @param under the base of an adapter; null for whole weights
   * @param alone whether what serves was let go of for it
   */
  ServedModel load(Digest digest, @Nullable ServedModel under, boolean alone)
      throws UnavailableModelException;

  /** It cannot be had, because its base cannot, or because there is no room for it. */
  void broken(Digest digest, UnavailableModelException why);

  /** Closes a model that nothing runs on any more and removes its files. */
  void discard(ServedModel model);

  /** The worker stops on purpose, whatever is being loaded; any thread. */
  void stop();
}
