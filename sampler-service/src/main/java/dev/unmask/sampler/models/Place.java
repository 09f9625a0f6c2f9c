package dev.unmask.sampler.models;

import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** One digest on the {@link ModelShelf}, from when it is asked for until it is closed. */
final class Place {

  final CompletableFuture<ServedModel> loading = new CompletableFuture<>();

  // Guarded by the shelf.
  int leases;
  Instant touched;
  @Nullable Instant failed;
  boolean retired;

  /** Of whole weights in memory, by their manifest; 0 until that was read, and of adapters. */
  long bytes;

  /** Whether it is to be loaded even when nobody asks for it and no alias names it. */
  boolean judged;

  /** The base of an adapter, from when it is asked for until the adapter is closed. */
  @Nullable Place under;

  /** Adapters that have this as {@link #under}. */
  int adapters;

  Place(Instant now) {
    touched = now;
  }

  @Nullable ServedModel ready() {
    return loading.isDone() && !loading.isCompletedExceptionally() ? loading.join() : null;
  }

  boolean holdsAdapter() {
    ServedModel model = ready();
    return model != null && model.isAdapter();
  }

  boolean holdsWhole() {
    ServedModel model = ready();
    return model != null && !model.isAdapter();
  }

  long adapterBytes() {
    ServedModel model = ready();
    return model == null ? 0 : model.adapterBytes();
  }

  /** Whether it can be closed now. */
  boolean isUnused() {
    return leases == 0 && adapters == 0;
  }

  /** Whether its base is on its way out, so that it has to go as well. */
  boolean isStranded() {
    return under != null && under.retired;
  }
}
