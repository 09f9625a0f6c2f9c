package dev.unmask.store;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * A hold on what is in a store, or on the store itself while something is published. It is an
 * object of the store, so it holds whatever machine its owner is on; when its owner dies it ends by
 * itself.
 *
 * <p>Publishing and collecting exclude each other without a lock service: each first writes its own
 * record and then looks for the other's. A publisher that sees a collection waits for its end; a
 * collection that sees a publisher does not begin. Records are read after they were written
 * everywhere, so at least one of two that start together sees the other.
 */
public final class Lease implements AutoCloseable {

  /** A publication that takes longer has to say so again, see {@link #requireValid}. */
  private static final Duration PUBLICATION = Duration.ofHours(6);

  private static final Duration LOOK_AGAIN = Duration.ofMillis(200);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final DigestStore store;
  private final String name;
  private final Instant until;

  private Lease(DigestStore store, String name, Instant until) {
    this.store = store;
    this.name = name;
    this.until = until;
  }

  /**
   * What a lease's object says.
   *
   * @param manifests that must stay; empty while something is published
   * @param untilSeconds Unix seconds after which it counts no more
   */
  record Terms(
      @JsonProperty("holder") String holder,
      @JsonProperty("manifests") List<String> manifests,
      @JsonProperty("publishing") boolean publishing,
      @JsonProperty("until") long untilSeconds) {

    boolean holdsAt(Instant now) {
      return now.getEpochSecond() < untilSeconds;
    }
  }

  static Lease take(DigestStore store, String holder, Set<Digest> manifests, Duration time)
      throws StoreException {
    List<String> names = manifests.stream().map(Digest::toString).sorted().toList();
    return write(store, StoreNames.lease(UUID.randomUUID().toString()), holder, names, false, time);
  }

  /** Waits while a collection runs. */
  static Lease publishing(DigestStore store, String holder) throws StoreException {
    Lease lease =
        write(
            store,
            StoreNames.lease(UUID.randomUUID().toString()),
            holder,
            List.of(),
            true,
            PUBLICATION);
    try {
      while (collecting(store).isPresent()) {
        Thread.sleep(LOOK_AGAIN);
      }
      return lease;
    } catch (InterruptedException e) {
      lease.close();
      Thread.currentThread().interrupt();
      throw StoreException.invalid("the publication was interrupted");
    } catch (StoreException e) {
      lease.close();
      throw e;
    }
  }

  /**
   * The hold of a collection.
   *
   * @throws StoreException when another one runs, or something is being published
   */
  static Lease collecting(DigestStore store, Duration time) throws StoreException {
    Optional<Terms> other = collecting(store);
    if (other.isPresent()) {
      throw StoreException.invalid(
          "another collection runs at " + store.storage.location() + "; try again when it is over");
    }
    String holder = "gc " + UUID.randomUUID();
    Lease lease = write(store, StoreNames.COLLECTING, holder, List.of(), false, time);
    try {
      requireOurs(store, holder);
      List<String> publishers =
          all(store).stream().filter(Terms::publishing).map(Terms::holder).toList();
      if (!publishers.isEmpty()) {
        throw StoreException.invalid(
            "something is being published just now ("
                + String.join(", ", publishers)
                + "); nothing was removed, try again later");
      }
      return lease;
    } catch (StoreException e) {
      lease.close();
      throw e;
    }
  }

  /** Two that began together wrote the same record; the one that is read back goes on. */
  private static void requireOurs(DigestStore store, String holder) throws StoreException {
    try {
      Thread.sleep(LOOK_AGAIN);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw StoreException.invalid("the collection was interrupted");
    }
    if (!collecting(store).map(Terms::holder).equals(Optional.of(holder))) {
      throw StoreException.invalid(
          "another collection began at "
              + store.storage.location()
              + " at the same time; try again when it is over");
    }
  }

  private static Optional<Terms> collecting(DigestStore store) throws StoreException {
    return read(store, StoreNames.COLLECTING).filter(t -> t.holdsAt(store.now()));
  }

  /** Every lease that still holds. */
  static List<Terms> all(DigestStore store) throws StoreException {
    List<Terms> found = new ArrayList<>();
    for (ObjectStorage.Stat stat : store.storage.list(StoreNames.LEASES)) {
      if (stat.name().equals(StoreNames.COLLECTING)) {
        continue;
      }
      Optional<Terms> terms = read(store, stat.name());
      if (terms.isPresent() && terms.get().holdsAt(store.now())) {
        found.add(terms.get());
      } else if (terms.isPresent()) {
        boolean ignored = store.storage.delete(stat.name()); // its owner died
      }
    }
    return found;
  }

  private static Optional<Terms> read(DigestStore store, String name) throws StoreException {
    Optional<byte[]> json = store.get(name);
    try {
      return json.isEmpty()
          ? Optional.empty()
          : Optional.of(JSON.readValue(json.get(), Terms.class));
    } catch (IOException e) {
      throw new StoreException(
          StoreException.Reason.CORRUPT, "the lease " + name + " is no lease: " + e, e);
    }
  }

  private static Lease write(
      DigestStore store,
      String name,
      String holder,
      List<String> manifests,
      boolean publishing,
      Duration time)
      throws StoreException {
    Instant until = store.now().plus(time);
    Terms terms = new Terms(holder, manifests, publishing, until.getEpochSecond());
    store.put(name, CanonicalJson.bytes(JSON.valueToTree(terms)));
    return new Lease(store, name, until);
  }

  /**
   * To be called before what was held for becomes visible.
   *
   * @throws StoreException when the time is over, so that it may have been collected
   */
  public void requireValid() throws StoreException {
    if (!store.now().isBefore(until)) {
      throw StoreException.invalid(
          "the publication took longer than its hold on the store, until " + until + "; try again");
    }
  }

  /** Gives the hold back. One that cannot be removed ends by itself. */
  @Override
  public void close() {
    try {
      boolean ignored = store.storage.delete(name);
    } catch (StoreException e) {
      return;
    }
  }
}
