package dev.unmask.sampler.models;

import dev.unmask.store.Digest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is on the {@link ModelShelf}, and what leaves it first. Methods that let go of places return
 * those that nobody uses, which are to be closed; the others follow with their last lease. Not
 * thread-safe: guarded by the shelf.
 */
final class Places {

  /** How long a model without an alias counts as wanted: its alias moves after the gates. */
  private static final Duration PROBATION = Duration.ofMinutes(10);

  private final ModelShelf.Limits limits;
  private final Map<Digest, Place> places = new LinkedHashMap<>();

  /** Whole weights that no digest leads to any more, until they are closed. */
  private final Set<Place> going = new HashSet<>();

  Places(ModelShelf.Limits limits) {
    this.limits = limits;
  }

  @Nullable Place get(Digest digest) {
    return places.get(digest);
  }

  void put(Digest digest, Place place) {
    places.put(digest, place);
  }

  /** Takes off a place that was never loaded. */
  void forget(Digest digest, Place place) {
    boolean unused = places.remove(digest, place);
  }

  /** The digests that can be leased without loading. */
  List<Digest> ready() {
    return places.entrySet().stream()
        .filter(e -> e.getValue().ready() != null)
        .map(Map.Entry::getKey)
        .toList();
  }

  /** Leases of others than {@code digest}. */
  int leasesBesides(Digest digest) {
    return places.entrySet().stream()
            .filter(e -> !e.getKey().equals(digest))
            .mapToInt(e -> e.getValue().leases)
            .sum()
        + going.stream().mapToInt(place -> place.leases).sum();
  }

  /** Whether there are more adapters than fit. */
  boolean hasTooManyAdapters() {
    return heldByAdapters() > limits.adapterBytes();
  }

  /**
   * Lets go of a digest that is loaded.
   *
   * @return it, when nobody uses it
   */
  List<Place> retire(Digest digest, Place place) {
    List<Place> unused = new ArrayList<>();
    retire(digest, place, unused);
    return unused;
  }

  /** Lets go of whole weights and of every adapter on them. */
  List<Place> retireWithAdapters(List<Place> bases) {
    List<Place> unused = new ArrayList<>();
    for (Place base : bases) {
      for (Map.Entry<Digest, Place> one : List.copyOf(places.entrySet())) {
        if (base.equals(one.getValue().under) && one.getValue().ready() != null) {
          retire(one.getKey(), one.getValue(), unused);
        }
      }
      for (Map.Entry<Digest, Place> one : List.copyOf(places.entrySet())) {
        if (one.getValue().equals(base)) {
          retire(one.getKey(), base, unused);
        }
      }
    }
    return unused;
  }

  /** Whole weights were closed. */
  void closed(Place place) {
    boolean unused = going.remove(place);
  }

  /**
   * Lets go of what is over the limits by number, of adapters beyond their memory, and of those
   * whose base goes.
   *
   * @param precious digests that an alias points to, the default one first
   */
  List<Place> trim(List<Digest> precious, Instant now) {
    List<Place> unused = new ArrayList<>();
    List<Map.Entry<Digest, Place>> spare = leastNeeded(precious, now);
    long held = heldByAdapters();
    for (Map.Entry<Digest, Place> candidate : spare) {
      Place place = candidate.getValue();
      boolean over = held > limits.adapterBytes() && !isDefault(candidate, precious);
      if (place.holdsAdapter() && place.leases == 0 && (over || place.isStranded())) {
        held -= place.adapterBytes();
        retire(candidate.getKey(), place, unused);
      }
    }
    for (Map.Entry<Digest, Place> candidate : spare) {
      Place place = candidate.getValue();
      if (place.holdsWhole() && wholeCount() > limits.models() && !isDefault(candidate, precious)) {
        if (place.adapters == 0) {
          retire(candidate.getKey(), place, unused);
        } else {
          retireAdaptersOf(place, spare, precious, unused);
        }
      }
    }
    return unused;
  }

  /** Whole weights in memory, the most dispensable first. */
  List<RoomPlan.Held<Place>> held(List<Digest> precious, Instant now) {
    Place first = precious.isEmpty() ? null : places.get(precious.getFirst());
    Place serving = first == null || first.under == null ? first : first.under;
    List<RoomPlan.Held<Place>> held = new ArrayList<>();
    going.forEach(place -> held.add(new RoomPlan.Held<>(place, place.bytes, false, true)));
    leastNeeded(precious, now).stream()
        .map(Map.Entry::getValue)
        .filter(Place::holdsWhole)
        // Those that nobody uses can go at once.
        .sorted(Comparator.comparing(place -> place.leases > 0))
        .forEach(place ->
            held.add(new RoomPlan.Held<>(place, place.bytes, place.equals(serving), false)));
    return held;
  }

  /** Those that are loaded, the most dispensable first. */
  private List<Map.Entry<Digest, Place>> leastNeeded(List<Digest> precious, Instant now) {
    Instant probation = now.minus(PROBATION);
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
    if (above.size() == base.adapters
        && above.stream().allMatch(e -> e.getValue().leases == 0 && !isDefault(e, precious))) {
      above.forEach(e -> retire(e.getKey(), e.getValue(), unused));
    }
  }

  private void retire(Digest digest, Place place, List<Place> unused) {
    boolean here = places.remove(digest, place);
    place.retired = true;
    if (place.holdsWhole()) {
      going.add(place);
    }
    if (here && place.isUnused()) {
      unused.add(place);
    }
  }

  private long heldByAdapters() {
    return places.values().stream().mapToLong(Place::adapterBytes).sum();
  }

  private int wholeCount() {
    return (int) places.values().stream().filter(Place::holdsWhole).count();
  }
}
