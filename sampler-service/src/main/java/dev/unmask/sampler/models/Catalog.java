package dev.unmask.sampler.models;

import dev.unmask.sampler.models.UnavailableModelException.Reason;
import dev.unmask.store.Digest;
import dev.unmask.store.Manifest;
import dev.unmask.store.StoreException;
import dev.unmask.store.release.AliasMove;
import dev.unmask.store.release.AliasState;
import dev.unmask.store.release.AliasTable;
import dev.unmask.store.release.Canary;
import dev.unmask.v1.AliasRecord;
import dev.unmask.v1.CheckpointRecord;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What is published for one base, and what its aliases point to: the fold of the topics {@code
 * unmask.checkpoints} and {@code unmask.aliases}. Thread-safe; one reader thread writes.
 */
public final class Catalog implements ModelShelf.Aliases {

  /** The alias that a name without one means. */
  public static final String DEFAULT_ALIAS = AliasTable.DEFAULT_ALIAS;

  private final String base;
  private final Predicate<Digest> stored;
  private final Map<Digest, CheckpointRecord> checkpoints = new LinkedHashMap<>();
  private final Set<Digest> withdrawn = new HashSet<>();
  private final AliasTable aliases = new AliasTable();

  /**
   * @param stored whether the artifact store holds a manifest of this base under a digest; asked
   *     for pinned digests that the fold has not seen yet
   */
  public Catalog(String base, Predicate<Digest> stored) {
    this.base = base;
    this.stored = stored;
  }

  /** Folds a checkpoint; true when it is new and belongs to this base. */
  public synchronized boolean apply(CheckpointRecord published) {
    Digest digest = digestOf(published.getDigest());
    if (digest == null || !published.getBase().equals(base)) {
      return false;
    }
    withdrawn.remove(digest);
    return checkpoints.put(digest, published) == null;
  }

  /**
   * Forgets a withdrawn checkpoint, by its record's key {@code <model>/<digest>}; the digest when
   * it was one of this base.
   */
  public synchronized Optional<Digest> withdraw(String key) {
    Digest digest = digestOf(key.substring(key.lastIndexOf('/') + 1));
    if (digest == null) {
      return Optional.empty();
    }
    withdrawn.add(digest);
    return checkpoints.remove(digest) == null ? Optional.empty() : Optional.of(digest);
  }

  /** Whether weights were taken back. */
  public synchronized boolean isWithdrawn(Digest digest) {
    return withdrawn.contains(digest);
  }

  /** Folds an alias record; true when it counts. The first record of an epoch wins. */
  public boolean apply(AliasRecord moved) {
    AliasMove move = move(moved);
    return move != null && aliases.apply(move);
  }

  private static @Nullable AliasMove move(AliasRecord record) {
    Digest digest = digestOf(record.getDigest());
    if (digest == null) {
      return null;
    }
    Canary canary = null;
    if (record.hasCanary()) {
      canary =
          new Canary(
              Math.clamp(record.getCanary().getPercent(), 0, 99),
              Math.max(0, record.getCanary().getRequests()),
              Math.max(0, record.getCanary().getDurationMs()));
    }
    return new AliasMove(
        record.getModel(),
        record.getAlias(),
        digest,
        digestOf(record.getPreviousDigest()),
        record.getEpoch(),
        canary,
        record.getReason(),
        record.getActor(),
        record.getAtMs(),
        record.getId());
  }

  /** Where {@code <base>@default} points, once it does; not what a canary tries. */
  public synchronized Optional<Digest> defaultDigest() {
    return aliases
        .get(base, DEFAULT_ALIAS)
        .map(AliasState::digest)
        .filter(checkpoints::containsKey);
  }

  /**
   * Every digest of this base that an alias points to or tries, the most needed first: the default
   * one, what the default alias tries, the others.
   */
  @Override
  public synchronized Set<Digest> aliased() {
    Set<Digest> all = new LinkedHashSet<>();
    aliases.get(base, DEFAULT_ALIAS).ifPresent(state -> addTo(all, state));
    aliases.all().values().forEach(state -> addTo(all, state));
    all.retainAll(checkpoints.keySet());
    return all;
  }

  /**
   * Whether this is known to be an adapter; one that is no default is loaded when it is asked for.
   */
  public boolean isAdapter(Digest digest) {
    CheckpointRecord published;
    synchronized (this) {
      published = checkpoints.get(digest);
    }
    if (published == null) {
      return false;
    }
    try {
      return Manifest.parse(published.getManifestJson().toByteArray()).kind().needsBase();
    } catch (StoreException e) {
      return false; // whoever loads it says what is wrong with it
    }
  }

  @Override
  public boolean isNeeded(Digest digest) {
    return defaultDigest().filter(digest::equals).isPresent() || isTried(digest);
  }

  /** Whether an alias tries these weights, or has them loaded for that. */
  public boolean isTried(Digest digest) {
    return aliases.all().values().stream().anyMatch(state -> digest.equals(state.candidate()));
  }

  private static void addTo(Set<Digest> all, AliasState state) {
    all.add(state.digest());
    if (state.candidate() != null) {
      all.add(state.candidate());
    }
  }

  /** Every checkpoint published for this base, oldest record first. */
  public synchronized Collection<CheckpointRecord> published() {
    return List.copyOf(checkpoints.values());
  }

  /**
   * The digest a request means.
   *
   * @param model {@code name}, {@code name@alias} or {@code name@sha256:…}; empty is the base's
   *     default
   * @param pinned chosen at admission; wins over the name
   * @param requestId decides while an alias gives a part of its requests to weights on trial
   */
  public Digest resolve(String model, @Nullable Digest pinned, String requestId)
      throws UnavailableModelException {
    if (pinned != null) {
      return known(pinned, pinned.toString());
    }
    int at = model.indexOf('@');
    String name = at < 0 ? model : model.substring(0, at);
    String version = at < 0 ? DEFAULT_ALIAS : model.substring(at + 1);
    if (name.isEmpty()) {
      name = base;
    }
    if (version.startsWith("sha256:")) {
      try {
        return known(Digest.parse(version), model);
      } catch (IllegalArgumentException e) {
        throw new UnavailableModelException(Reason.NOT_A_NAME, String.valueOf(e.getMessage()), e);
      }
    }
    AliasState target = aliases.get(name, version).orElse(null);
    if (target == null) {
      throw new UnavailableModelException(
          Reason.UNKNOWN,
          "there is no model '"
              + name
              + "@"
              + version
              + "' for the base '"
              + base
              + "'; names look like name, name@alias or name@sha256:<64 hex>");
    }
    return known(target.forRequest(requestId), name + "@" + version);
  }

  private Digest known(Digest digest, String asked) throws UnavailableModelException {
    synchronized (this) {
      if (checkpoints.containsKey(digest)) {
        return digest;
      }
      if (withdrawn.contains(digest)) {
        throw new UnavailableModelException(
            Reason.UNKNOWN, "the weights '" + asked + "' were withdrawn");
      }
    }
    // The record may be on its way: the store is written before it.
    if (stored.test(digest)) {
      return digest;
    }
    throw new UnavailableModelException(
        Reason.UNKNOWN, "no weights '" + asked + "' were published for the base '" + base + "'");
  }

  private static @Nullable Digest digestOf(String text) {
    try {
      return Digest.parse(text);
    } catch (IllegalArgumentException e) {
      return null; // somebody else's record; it names nothing that could be loaded
    }
  }
}
