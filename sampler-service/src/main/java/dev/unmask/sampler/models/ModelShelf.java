package dev.unmask.sampler.models;

import dev.unmask.model.engine.DenoisingEngine;
import dev.unmask.model.transformer.MaskPredictor;
import dev.unmask.sampler.models.UnavailableModelException.Reason;
import dev.unmask.store.Digest;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * Owns the loaded models of this worker: loads one at a time beside the others, lends them out, and
 * closes those nobody needs once the last lease has ended. An adapter is loaded on its base, which
 * stays for as long as an adapter stands on it.
 *
 * <p>Whole weights have to fit a budget ({@link RoomPlan}). What serves by default is let go of
 * only when nothing else makes room, in this worker's {@link DrainTurn}: from then on {@link
 * #isDraining} until the default weights of then are here.
 *
 * <p>Thread-safe. Loading happens on one own thread; every other call returns at once.
 */
public final class ModelShelf implements AutoCloseable {

  /** What aliases say; asked at any time, on any thread. */
  public interface Aliases {

    /** Digests that an alias points to, the default one first; they are closed last. */
    Set<Digest> aliased();

    /** Whether these are the default weights, or on trial: worth draining for. */
    boolean isNeeded(Digest digest);
  }

  /** Lets go of a predictor: {@link DenoisingEngine#retire}. */
  @FunctionalInterface
  public interface Retiring {
    void retire(MaskPredictor model, Runnable whenUnused);
  }

  /**
   * What may be kept loaded. Leased weights may exceed the first two for a while.
   *
   * @param models whole weights; at least 2
   * @param adapterBytes of adapters
   * @param weightBytes of whole weights
   */
  public record Limits(int models, long adapterBytes, long weightBytes) {
    public Limits {
      if (models < 2) {
        throw new IllegalArgumentException(
            "a worker has to keep at least 2 models, the old one and the new one, but the limit is "
                + models);
      }
    }
  }

  private static final String NOT_BESIDE =
      "the weights do not fit beside those that serve; they are loaded when a request asks for them";

  /** How long a failed digest is not tried again. */
  private static final Duration RETRY_AFTER = Duration.ofSeconds(30);

  private final WeightLoader loader;
  private final Retiring engine;
  private final Limits limits;
  private final Aliases aliases;
  private final DrainTurn turn;
  private final Clock clock;

  /** Guarded by this. */
  private final Places places;

  /** Whole weights that wait for room, the first of them before the others. Loader thread. */
  private final Deque<Map.Entry<Digest, Place>> waiting = new ArrayDeque<>();

  /** Loader thread writes. */
  private volatile boolean draining;

  /** Whether the turn was asked for and not given back. Loader thread. */
  private boolean asked;

  /** How often it was asked for. Loader thread. */
  private long askings;

  private final ExecutorService loaderThread =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().daemon().name("model-loader").factory());

  /**
   * @param engine on which the models run
   * @param turn when the weights that serve may be let go of before others are loaded
   */
  public ModelShelf(
      WeightLoader loader,
      Retiring engine,
      Limits limits,
      Aliases aliases,
      DrainTurn turn,
      Clock clock) {
    this.loader = loader;
    this.engine = engine;
    this.limits = limits;
    this.places = new Places(limits);
    this.aliases = aliases;
    this.turn = turn;
    this.clock = clock;
  }

  /** Whether what serves is being replaced without a copy beside it: take no more requests. */
  public boolean isDraining() {
    return draining;
  }

  /**
   * Lends the weights that answer by default, to compare others with; null when they are not here,
   * or are {@code other}.
   */
  public synchronized @Nullable Lease reference(Digest other) {
    Digest now = aliases.aliased().stream().findFirst().orElse(null);
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
    List<Place> unused = List.of();
    synchronized (this) {
      Place place = places.get(digest);
      if (place != null && place.ready() != null && place.adapters == 0) {
        unused = places.retire(digest, place);
      }
    }
    unused.forEach(this::dismiss);
  }

  /** Loads {@code digest} unless it is here; completes when it is ready or cannot be had. */
  public CompletableFuture<ServedModel> want(Digest digest) {
    synchronized (this) {
      Place place = place(digest);
      place.judged = true;
      return place.loading.copy();
    }
  }

  /**
   * {@link #want} of weights that are kept because of an alias: where it is not the default one and
   * tries nothing, they are loaded only while nothing has to be drained for them.
   */
  public CompletableFuture<ServedModel> keep(Digest digest) {
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
    return places.ready();
  }

  /** Leases of models other than {@code digest}: requests that still run on replaced weights. */
  public synchronized int leasesBesides(Digest digest) {
    return places.leasesBesides(digest);
  }

  /** Closes what is over the limits. Call it after an alias moved. */
  public void trim() {
    List<Place> unused;
    synchronized (this) {
      unused = places.trim(List.copyOf(aliases.aliased()), clock.instant());
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
    loaderThread.execute(() -> begin(digest, fresh));
    return fresh;
  }

  /** Loads whole weights when there is room, an adapter when its base is there. Loader thread. */
  private void begin(Digest digest, Place place) {
    WeightLoader.Needs needs;
    try {
      needs = loader.needs(digest);
    } catch (UnavailableModelException e) {
      fail(place, e);
      advance();
      return;
    } catch (RuntimeException | Error e) {
      fail(place, brokeOff(digest, e));
      advance();
      return;
    }
    Optional<Digest> base = needs.base();
    if (base.isEmpty()) {
      synchronized (this) {
        place.bytes = needs.bytes();
      }
      waiting.addLast(Map.entry(digest, place));
      advance();
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
          onLoader(() -> {
            if (failure == null) {
              load(digest, place, model, false);
              advance();
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
              advance();
            }
          });
        });
  }

  private static UnavailableModelException brokeOff(Digest digest, Throwable why) {
    return new UnavailableModelException(
        Reason.BROKEN, "loading " + digest + " broke off: " + why, why);
  }

  /** Loads those that wait, as far as there is room or room can be made. Loader thread. */
  private void advance() {
    while (!waiting.isEmpty()) {
      Digest digest = waiting.getFirst().getKey();
      Place place = waiting.getFirst().getValue();
      switch (makeRoom(digest, place)) {
        case LATER -> {
          return;
        }
        case NOW -> load(digest, place, null, draining && !aliases.isNeeded(digest));
        case NEVER -> {}
      }
      Map.Entry<Digest, Place> unused = waiting.removeFirst();
    }
    endTurn();
  }

  private enum When {
    NOW,
    LATER,
    NEVER
  }

  /** When a place can be loaded; for later, what has to happen first has begun. */
  private When makeRoom(Digest digest, Place place) {
    RoomPlan<Place> plan;
    List<Place> unused;
    synchronized (this) {
      List<Digest> precious = List.copyOf(aliases.aliased());
      plan = RoomPlan.of(place.bytes, limits.weightBytes(), places.held(precious, clock.instant()));
      if (plan instanceof RoomPlan.Drain<Place> && !draining && !isWorthDraining(digest, place)) {
        plan = new RoomPlan.Never<>(NOT_BESIDE);
        places.forget(digest, place);
      }
      unused =
          switch (plan) {
            case RoomPlan.LetGo<Place> others -> places.retireWithAdapters(others.weights());
            case RoomPlan.Drain<Place> all when draining ->
                places.retireWithAdapters(all.weights());
            default -> List.of();
          };
    }
    unused.forEach(this::dismiss);
    return switch (plan) {
      case RoomPlan.Fits<Place> fits -> When.NOW;
      case RoomPlan.Await<Place> await -> When.LATER;
      case RoomPlan.LetGo<Place> others -> When.LATER;
      case RoomPlan.Drain<Place> all -> {
        askForTurn();
        yield When.LATER;
      }
      case RoomPlan.Never<Place> never -> {
        UnavailableModelException why =
            new UnavailableModelException(Reason.BROKEN, never.sentence());
        if (place.bytes > limits.weightBytes()) {
          loader.broken(digest, why);
        }
        fail(place, why);
        yield When.NEVER;
      }
    };
  }

  private boolean isWorthDraining(Digest digest, Place place) {
    return place.leases > 0 || place.adapters > 0 || place.judged || aliases.isNeeded(digest);
  }

  private void askForTurn() {
    if (!asked) {
      asked = true;
      long asking = ++askings;
      turn.ask(() ->
          onLoader(() -> {
            if (asked && asking == askings) {
              draining = true;
              advance();
            }
          }));
    }
  }

  /** Gives the turn back when the default weights are here again. Loader thread. */
  private void endTurn() {
    if (!asked) {
      return;
    }
    if (draining) {
      synchronized (this) {
        Digest wanted = aliases.aliased().stream().findFirst().orElse(null);
        if (wanted != null) {
          Place here = place(wanted);
          if (here.failed == null && here.ready() == null) {
            // It is being loaded; this is called again when that is over.
            return;
          }
        }
      }
    }
    asked = false;
    draining = false;
    turn.end();
  }

  private void onLoader(Runnable work) {
    if (!loaderThread.isShutdown()) {
      loaderThread.execute(work);
    }
  }

  private void load(Digest digest, Place place, @Nullable ServedModel under, boolean alone) {
    try {
      ServedModel model = loader.load(digest, under, alone);
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
    Place left;
    synchronized (this) {
      place.failed = clock.instant();
      left = leaveBase(place);
    }
    place.loading.completeExceptionally(why);
    if (left != null) {
      dismiss(left);
    }
  }

  /** The base that an adapter stood on, when it was the last that kept it. */
  private static @Nullable Place leaveBase(Place place) {
    Place under = place.under;
    if (under == null) {
      return null;
    }
    under.adapters--;
    place.under = null;
    return under.retired && under.isUnused() ? under : null;
  }

  private void release(Place place) {
    boolean unused;
    boolean overfull;
    synchronized (this) {
      place.leases--;
      unused = place.retired && place.isUnused() && place.ready() != null;
      overfull =
          place.leases == 0
              && place.holdsAdapter()
              && !place.retired
              && (place.isStranded() || places.hasTooManyAdapters());
    }
    if (unused) {
      dismiss(place);
    } else if (overfull) {
      trim();
    }
  }

  private void dismiss(Place place) {
    ServedModel model = place.loading.join();
    engine.retire(
        model.weights(),
        () -> {
          // Files are removed and memory is unmapped away from the engine's thread.
          onLoader(() -> discard(place, model));
        });
  }

  private void discard(Place place, ServedModel model) {
    loader.discard(model);
    Place left;
    synchronized (this) {
      places.closed(place);
      left = leaveBase(place);
    }
    if (left != null) {
      dismiss(left);
    }
    if (model.isAdapter()) {
      // The base may have waited for it.
      trim();
    }
    advance();
  }
}
