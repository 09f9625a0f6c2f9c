package dev.unmask.sampler.models;

import dev.unmask.model.engine.DenoisingEngine;
import dev.unmask.sampler.models.UnavailableModelException.Reason;
import dev.unmask.store.Digest;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Owns the loaded models of this worker: loads one at a time beside the others, lends them out, and
 * closes those nobody needs once the last lease has ended.
 *
 * <p>Thread-safe. Loading happens on one own thread; every other call returns at once.
 */
public final class ModelShelf implements AutoCloseable {

  /** Builds and judges a model; called on the loader thread only. */
  public interface Loader {
    ServedModel load(Digest digest) throws UnavailableModelException;

    /** Closes a model that nothing runs on any more and removes its files. */
    void discard(ServedModel model);

    /** The worker stops on purpose, whatever is being loaded; any thread. */
    void stop();
  }

  /** How long a failed digest is not tried again. */
  private static final Duration RETRY_AFTER = Duration.ofSeconds(30);

  /** How long a model without an alias counts as wanted: its alias moves after the gates. */
  private static final Duration PROBATION = Duration.ofMinutes(10);

  private static final class Place {
    final CompletableFuture<ServedModel> loading = new CompletableFuture<>();
    int leases;
    Instant touched;
    @Nullable Instant failed;
    boolean retired;

    Place(Instant now) {
      touched = now;
    }

    @Nullable ServedModel ready() {
      return loading.isDone() && !loading.isCompletedExceptionally() ? loading.join() : null;
    }
  }

  private final Loader loader;
  private final DenoisingEngine engine;
  private final int limit;
  private final Supplier<Set<Digest>> aliased;
  private final Clock clock;
  private final Map<Digest, Place> places = new LinkedHashMap<>();
  private final ExecutorService loaderThread =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().daemon().name("model-loader").factory());

  /**
   * @param limit models kept loaded; leased ones may exceed it for a while
   * @param aliased digests that an alias points to, the most precious first; they are closed last
   */
  public ModelShelf(
      Loader loader,
      DenoisingEngine engine,
      int limit,
      Supplier<Set<Digest>> aliased,
      Clock clock) {
    if (limit < 2) {
      throw new IllegalArgumentException(
          "a worker has to keep at least 2 models, the old one and the new one, but the limit is "
              + limit);
    }
    this.loader = loader;
    this.engine = engine;
    this.limit = limit;
    this.aliased = aliased;
    this.clock = clock;
  }

  /** Loads {@code digest} unless it is here; completes when it is ready or cannot be had. */
  public CompletableFuture<ServedModel> want(Digest digest) {
    return place(digest).loading.copy();
  }

  /**
   * Lends {@code digest}, loading it first where it is not here. Fails with {@link
   * UnavailableModelException}.
   */
  public CompletableFuture<Lease> lease(Digest digest) {
    Place place;
    synchronized (this) {
      place = place(digest);
      place.leases++;
      place.touched = clock.instant();
    }
    return place
        .loading
        .whenComplete((model, failure) -> {
          if (failure != null) {
            release(place);
          }
        })
        .thenApply(model -> new Lease(model, () -> release(place)));
  }

  /** The digests that can be leased without loading. */
  public synchronized List<Digest> ready() {
    return places.entrySet().stream()
        .filter(e -> e.getValue().ready() != null)
        .map(Map.Entry::getKey)
        .toList();
  }

  /** Leases of models other than {@code digest}: requests that still run on replaced weights. */
  public synchronized int leasesBesides(Digest digest) {
    return places.entrySet().stream()
        .filter(e -> !e.getKey().equals(digest))
        .mapToInt(e -> e.getValue().leases)
        .sum();
  }

  /** Closes what is over the limit. Call it after an alias moved. */
  public void trim() {
    List<ServedModel> unused = new ArrayList<>();
    synchronized (this) {
      List<Digest> precious = List.copyOf(aliased.get());
      List<Map.Entry<Digest, Place>> loaded =
          new ArrayList<>(
              places.entrySet().stream().filter(e -> e.getValue().ready() != null).toList());
      Instant probation = clock.instant().minus(PROBATION);
      loaded.sort(
          Comparator.comparing((Map.Entry<Digest, Place> e) ->
                  precious.contains(e.getKey()) || e.getValue().touched.isAfter(probation))
              .thenComparing(e -> e.getValue().touched));
      for (Map.Entry<Digest, Place> candidate : loaded) {
        boolean isDefault = !precious.isEmpty() && precious.getFirst().equals(candidate.getKey());
        if (loadedCount() > limit && !isDefault) {
          Place place = candidate.getValue();
          places.remove(candidate.getKey());
          place.retired = true;
          if (place.leases == 0) {
            unused.add(place.loading.join());
          }
        }
      }
    }
    unused.forEach(this::dismiss);
  }

  /** Stops loading. Loaded models stay: the process that owned them is about to end. */
  @Override
  public void close() {
    loader.stop();
    loaderThread.shutdownNow();
  }

  private synchronized Place place(Digest digest) {
    Place here = places.get(digest);
    if (here != null
        && (here.failed == null || here.failed.plus(RETRY_AFTER).isAfter(clock.instant()))) {
      return here;
    }
    Place fresh = new Place(clock.instant());
    places.put(digest, fresh);
    loaderThread.execute(() -> load(digest, fresh));
    return fresh;
  }

  private void load(Digest digest, Place place) {
    try {
      ServedModel model = loader.load(digest);
      synchronized (this) {
        place.touched = clock.instant();
      }
      place.loading.complete(model);
    } catch (UnavailableModelException e) {
      fail(place, e);
    } catch (RuntimeException | Error e) {
      fail(
          place,
          new UnavailableModelException(
              Reason.BROKEN, "loading " + digest + " broke off: " + e, e));
    }
    trim();
  }

  private void fail(Place place, UnavailableModelException why) {
    synchronized (this) {
      place.failed = clock.instant();
    }
    place.loading.completeExceptionally(why);
  }

  private void release(Place place) {
    ServedModel unused = null;
    synchronized (this) {
      place.leases--;
      if (place.retired && place.leases == 0) {
        unused = place.ready();
      }
    }
    if (unused != null) {
      dismiss(unused);
    }
  }

  private void dismiss(ServedModel model) {
    engine.retire(
        model.weights(),
        () -> {
          // Files are removed and memory is unmapped away from the engine's thread.
          if (!loaderThread.isShutdown()) {
            loaderThread.execute(() -> loader.discard(model));
          }
        });
  }

  private int loadedCount() {
    return (int) places.values().stream().filter(p -> p.ready() != null).count();
  }
}
