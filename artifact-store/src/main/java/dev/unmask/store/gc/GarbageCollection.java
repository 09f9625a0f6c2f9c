package dev.unmask.store.gc;

import dev.unmask.store.ArtifactStore;
import dev.unmask.store.Digest;
import dev.unmask.store.Lease;
import dev.unmask.store.Manifest;
import dev.unmask.store.ObjectStorage;
import dev.unmask.store.StoreException;
import dev.unmask.store.StoreNames;
import dev.unmask.store.StoredFile;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Mark and sweep. Marked are the manifests that the caller names, those under a lease, those
 * younger than the grace time, the bases of all these, every blob that they name and every uploaded
 * file. Swept is the rest, manifests before blobs, but no blob younger than the grace time.
 *
 * <p>A manifest that is needed but cannot be read ends the collection before anything is removed:
 * what it names is not known. A crash in the middle leaves blobs without a manifest, which the next
 * collection removes. Stateless; one thread.
 */
public final class GarbageCollection {

  /** A collection ends itself before its own hold on the store does. */
  private static final Duration LONGEST = Duration.ofMinutes(30);

  private static final Duration MARGIN = Duration.ofMinutes(2);

  /** No single write takes this long. */
  private static final Duration ABANDONED = Duration.ofHours(24);

  private static final Comparator<Digest> BY_HEX = Comparator.comparing(Digest::hex);

  private GarbageCollection() {}

  /**
   * What a collection removed, or would.
   *
   * @param manifests checkpoints
   * @param blobs by name
   * @param bytes of the blobs
   * @param keptManifests checkpoints that stay
   * @param keptBlobs blobs that stay
   * @param whole false when the time was over before the end; the next one goes on
   */
  public record Report(
      List<Digest> manifests,
      List<Digest> blobs,
      long bytes,
      int keptManifests,
      int keptBlobs,
      boolean whole) {}

  /**
   * Looks for what can go, and removes it.
   *
   * @param needed manifests that must stay
   * @param grace what is younger stays
   * @param dryRun whether nothing is removed
   * @throws StoreException when something is being published, another collection runs, or a needed
   *     manifest cannot be read; then nothing was removed
   */
  public static Report run(
      ArtifactStore store, Set<Digest> needed, Duration grace, boolean dryRun, Clock clock)
      throws StoreException {
    if (dryRun) {
      return new Sweep(store, clock.instant().minus(grace), Optional.empty(), clock).run(needed);
    }
    Instant end = clock.instant().plus(LONGEST).minus(MARGIN);
    try (Lease lease = store.collecting(LONGEST)) {
      lease.requireValid();
      Report report =
          new Sweep(store, clock.instant().minus(grace), Optional.of(end), clock).run(needed);
      store.storage().sweepUnfinished(clock.instant().minus(ABANDONED));
      return report;
    }
  }

  /**
   * One pass.
   *
   * @param end when to stop; empty removes nothing
   */
  private record Sweep(ArtifactStore store, Instant young, Optional<Instant> end, Clock clock) {

    Report run(Set<Digest> needed) throws StoreException {
      Map<Digest, ObjectStorage.Stat> manifests = byDigest(StoreNames.MANIFESTS);
      Set<Digest> kept = mark(needed, manifests);
      Set<Digest> blobs = new HashSet<>();
      for (Digest digest : kept) {
        store.readManifest(digest).files().forEach(file -> blobs.add(file.digest()));
      }
      for (StoredFile file : store.files()) {
        blobs.add(file.digest());
      }
      return sweep(manifests, kept, blobs);
    }

    private Map<Digest, ObjectStorage.Stat> byDigest(String prefix) throws StoreException {
      Map<Digest, ObjectStorage.Stat> found = new HashMap<>();
      for (ObjectStorage.Stat stat : store.storage().list(prefix)) {
        StoreNames.digest(stat.name()).ifPresent(digest -> found.put(digest, stat));
      }
      return found;
    }

    private Set<Digest> mark(Set<Digest> needed, Map<Digest, ObjectStorage.Stat> manifests)
        throws StoreException {
      Deque<Digest> open = new ArrayDeque<>(needed);
      open.addAll(store.leased());
      manifests.forEach((digest, stat) -> {
        if (stat.modified().isAfter(young)) {
          open.add(digest);
        }
      });
      Set<Digest> kept = new HashSet<>();
      while (!open.isEmpty()) {
        Digest digest = open.remove();
        if (manifests.containsKey(digest) && kept.add(digest)) {
          Digest base = read(digest).baseDigest();
          if (base != null) {
            open.add(base);
          }
        }
      }
      return kept;
    }

    private Manifest read(Digest digest) throws StoreException {
      try {
        return store.readManifest(digest);
      } catch (StoreException e) {
        throw new StoreException(
            e.reason(),
            "nothing was removed, because a manifest that is needed cannot be read and so nobody"
                + " knows which blobs it names: "
                + e.getMessage(),
            e);
      }
    }

    private Report sweep(
        Map<Digest, ObjectStorage.Stat> manifests, Set<Digest> kept, Set<Digest> marked)
        throws StoreException {
      List<Digest> gone = new ArrayList<>();
      for (Digest digest : manifests.keySet().stream().sorted(BY_HEX).toList()) {
        if (!kept.contains(digest)) {
          if (isOver()) {
            return new Report(gone, List.of(), 0, kept.size(), marked.size(), false);
          }
          remove(StoreNames.manifest(digest));
          remove(StoreNames.signature(digest));
          gone.add(digest);
        }
      }
      List<Digest> blobs = new ArrayList<>();
      long bytes = 0;
      for (Map.Entry<Digest, ObjectStorage.Stat> blob : byDigest(StoreNames.BLOBS).entrySet()) {
        if (marked.contains(blob.getKey()) || !isOld(blob.getValue())) {
          continue;
        }
        if (isOver()) {
          return new Report(gone, blobs, bytes, kept.size(), marked.size(), false);
        }
        remove(blob.getValue().name());
        blobs.add(blob.getKey());
        bytes += blob.getValue().size();
      }
      return new Report(gone, blobs, bytes, kept.size(), marked.size(), true);
    }

    private boolean isOld(ObjectStorage.Stat stat) throws StoreException {
      return !stat.modified().isAfter(young)
          // It may have been marked as new since it was listed.
          && store.storage().stat(stat.name()).map(s -> !s.modified().isAfter(young)).orElse(false);
    }

    private boolean isOver() {
      return end.isPresent() && !clock.instant().isBefore(end.get());
    }

    private void remove(String name) throws StoreException {
      if (end.isPresent()) {
        boolean ignored = store.storage().delete(name);
      }
    }
  }
}
