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
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Owns the loaded models of this worker: loads one at a time beside the others, lends them out, and
 * closes those nobody needs once the last lease has ended. An adapter is loaded on its base, which
 * stays for as long as an adapter stands on it.
 *
 * <p>Thread-safe. Loading happens on one own thread; every other call returns at once.
 */
public final class ModelShelf implements AutoCloseable {

  /** Builds and judges a model; called on the loader thread only. */
  public interface Loader {
    /** The weights that {@code digest} is an adapter for; empty when it is whole weights. */
    Optional<Digest> base(Digest digest) throws UnavailableModelException;

    /**
     * Loads and judges.
     *
     * @param under the base of an adapter; null for whole weights
     */
    ServedModel load(Digest digest, @Nullable ServedModel under) throws UnavailableModelException;

    /** An adapter cannot be had, because its base cannot. */
    void broken(Digest digest, UnavailableModelException why);

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

    long adapterBytes() {
      ServedModel model = ready();
      return model == null ? 0 : model.adapterBytes();
    }
  }

  private final Loader loader;
  private final DenoisingEngine engine;
  private final int limit;
  private final long adapterBytes;
  private final Supplier<Set<Digest>> aliased;
  private final Clock clock;
  private final Map<Digest, Place> places = new LinkedHashMap<>();
  private final ExecutorService loaderThread =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().daemon().name("model-loader").factory());

  /**
   * @param limit whole weights kept loaded; leased ones may exceed it for a while
   * @param adapterBytes of the adapters kept loaded; leased ones may exceed it for a while
   * @param aliased digests that an alias points to, the most precious first; they are closed last
   */
  public ModelShelf(
      Loader loader,
      DenoisingEngine engine,
      int limit,
      long adapterBytes,
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
    this.adapterBytes = adapterBytes;
    this.aliased = aliased;
    this.clock = clock;
  }

  /**
   * Lends the weights that answer by default, to compare others with; null when they are not here,
   * or are {@code other}.
   */
  public synchronized @Nullable Lease reference(Digest other) {
    Digest now = aliased.get().stream().findFirst().orElse(null);
    Place place = now == null || now.equals(other) ? null : places.get(now);
    ServedModel model = place == null ? null : place.ready();
    if (place == null || model == null) {
      return null;
    }
    place.leases++;
    return new Lease(model, () -> release(place));
  }

  /** Lets go of weights that were taken back, as soon as nothing runs on them. */
  public void withdraw(Digest digest) {
    List<Place> unused = new ArrayList<>();
    synchronized (this) {
      Place place = places.get(digest);
      if (place != null && place.ready() != null && place.adapters == 0) {
        retire(Map.entry(digest, place), unused);
      }
    }
    unused.forEach(this::dismiss);
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
      if (place.under != null) {
        place.under.touched = place.touched;
      }
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

  /** Closes what is over the limits. Call it after an alias moved. */
  public void trim() {
    List<Place> unused = new ArrayList<>();
    synchronized (this) {
      List<Digest> precious = List.copyOf(aliased.get());
      List<Map.Entry<Digest, Place>> spare = leastNeeded(precious);
      long held = heldByAdapters();
      for (Map.Entry<Digest, Place> candidate : spare) {
        Place place = candidate.getValue();
        if (place.holdsAdapter() && held > adapterBytes && isIdle(candidate, precious)) {
          held -= place.adapterBytes();
          retire(candidate, unused);
        }
      }
      for (Map.Entry<Digest, Place> candidate : spare) {
        Place place = candidate.getValue();
        if (!place.holdsAdapter() && wholeCount() > limit && !isDefault(candidate, precious)) {
          if (place.adapters == 0) {
            retire(candidate, unused);
          } else {
            retireAdaptersOf(place, spare, precious, unused);
          }
        }
      }
    }
    unused.forEach(this::dismiss);
  }

  /** Those that are loaded, the most dispensable first. */
  private List<Map.Entry<Digest, Place>> leastNeeded(List<Digest> precious) {
    Instant probation = clock.instant().minus(PROBATION);
    return places.entrySet().stream()
        .filter(e -> e.getValue().ready() != null)
        .sorted(
            Comparator.comparing((Map.Entry<Digest, Place> e) ->
                    precious.contains(e.getKey()) || e.getValue().touched.isAfter(probation))
                .thenComparing(e -> e.getValue().touched))
        .map(e -> Map.entry(e.getKey(), e.getValue()))
        .toList();
  }

  private static boolean isDefault(Map.Entry<Digest, Place> one, List<Digest> precious) {
    return !precious.isEmpty() && precious.getFirst().equals(one.getKey());
  }

  private static boolean isIdle(Map.Entry<Digest, Place> one, List<Digest> precious) {
    return one.getValue().leases == 0 && !isDefault(one, precious);
  }

  /** If all of them can go, they do, and their base follows when they are closed. */
  private void retireAdaptersOf(
      Place base,
      List<Map.Entry<Digest, Place>> loaded,
      List<Digest> precious,
      List<Place> unused) {
    List<Map.Entry<Digest, Place>> above =
        loaded.stream()
            .filter(e -> base.equals(e.getValue().under) && !e.getValue().retired)
            .toList();
    if (above.size() == base.adapters && above.stream().allMatch(e -> isIdle(e, precious))) {
      above.forEach(e -> retire(e, unused));
    }
  }

  private void retire(Map.Entry<Digest, Place> one, List<Place> unused) {
    Place place = one.getValue();
    places.remove(one.getKey());
    place.retired = true;
    if (place.leases == 0) {
      unused.add(place);
    }
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
    loaderThread.execute(() -> begin(digest, fresh));
    return fresh;
  }

  /** Loads whole weights now, and an adapter when its base is there. Loader thread. */
  private void begin(Digest digest, Place place) {
    Optional<Digest> base;
    try {
      base = loader.base(digest);
    } catch (UnavailableModelException e) {
      fail(place, e);
      return;
    } catch (RuntimeException | Error e) {
      fail(place, brokeOff(digest, e));
      return;
    }
    if (base.isEmpty()) {
      load(digest, place, null);
      return;
    }
    Place under;
    synchronized (this) {
      under = place(base.get());
      under.adapters++;
      under.touched = clock.instant();
      place.under = under;
    }
    var ignored =
        under.loading.whenComplete((model, failure) -> {
          if (!loaderThread.isShutdown()) {
            loaderThread.execute(() -> {
              if (failure == null) {
                load(digest, place, model);
              } else {
                UnavailableModelException why =
                    new UnavailableModelException(
                        Reason.BROKEN,
                        "the base "
                            + base.get()
                            + " of this adapter cannot be served: "
                            + failure.getMessage(),
                        failure);
                loader.broken(digest, why);
                fail(place, why);
              }
            });
          }
        });
  }

  private static UnavailableModelException brokeOff(Digest digest, Throwable why) {
    return new UnavailableModelException(
        Reason.BROKEN, "loading " + digest + " broke off: " + why, why);
  }

  private void load(Digest digest, Place place, @Nullable ServedModel under) {
    try {
      ServedModel model = loader.load(digest, under);
      synchronized (this) {
        place.touched = clock.instant();
      }
      place.loading.complete(model);
    } catch (UnavailableModelException e) {
      fail(place, e);
    } catch (RuntimeException | Error e) {
      fail(place, brokeOff(digest, e));
    }
    trim();
  }

  private void fail(Place place, UnavailableModelException why) {
    synchronized (this) {
      place.failed = clock.instant();
      leaveBase(place);
    }
    place.loading.completeExceptionally(why);
  }

  private void leaveBase(Place place) {
    if (place.under != null) {
      place.under.adapters--;
      place.under = null;
    }
  }

  private void release(Place place) {
    boolean unused;
    boolean overfull;
    synchronized (this) {
      place.leases--;
      unused = place.retired && place.leases == 0 && place.ready() != null;
      overfull = place.leases == 0 && place.holdsAdapter() && heldByAdapters() > adapterBytes;
    }
    if (unused) {
      dismiss(place);
    } else if (overfull) {
      trim();
    }
  }

  private long heldByAdapters() {
    return places.values().stream().mapToLong(Place::adapterBytes).sum();
  }

  private void dismiss(Place place) {
    ServedModel model = place.loading.join();
    engine.retire(
        model.weights(),
        () -> {
          // Files are removed and memory is unmapped away from the engine's thread.
          if (!loaderThread.isShutdown()) {
            loaderThread.execute(() -> discard(place, model));
          }
        });
  }

  private void discard(Place place, ServedModel model) {
    loader.discard(model);
    if (model.isAdapter()) {
      synchronized (this) {
        leaveBase(place);
      }
      // The base may have waited for it.
      trim();
    }
  }

  private int wholeCount() {
    return (int)
        places.values().stream().filter(p -> p.ready() != null && !p.holdsAdapter()).count();
  }
}
