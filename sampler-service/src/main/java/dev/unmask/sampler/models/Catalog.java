package dev.unmask.sampler.models;

import dev.unmask.sampler.models.UnavailableModelException.Reason;
import dev.unmask.store.Digest;
import dev.unmask.store.Manifest;
import dev.unmask.store.StoreException;
import dev.unmask.v1.AliasRecord;
import dev.unmask.v1.CheckpointRecord;
import java.util.Collection;
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
public final class Catalog {

  /** The alias that a name without one means. */
  public static final String DEFAULT_ALIAS = "default";

  private record Target(Digest digest, long epoch) {}

  private final String base;
  private final Predicate<Digest> stored;
  private final Map<Digest, CheckpointRecord> checkpoints = new LinkedHashMap<>();
  private final Map<String, Target> aliases = new LinkedHashMap<>();

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
    return digest != null
        && published.getBase().equals(base)
        && checkpoints.put(digest, published) == null;
  }

  /** Forgets a withdrawn checkpoint, by its record's key {@code <model>/<digest>}. */
  public synchronized void withdraw(String key) {
    Digest digest = digestOf(key.substring(key.lastIndexOf('/') + 1));
    if (digest != null) {
      checkpoints.remove(digest);
    }
  }

  /** Folds an alias record; true when it moved the alias. The first record of an epoch wins. */
  public synchronized boolean apply(AliasRecord moved) {
    Digest digest = digestOf(moved.getDigest());
    String name = moved.getModel() + "@" + moved.getAlias();
    Target now = aliases.get(name);
    if (digest == null || (now != null && moved.getEpoch() <= now.epoch())) {
      return false;
    }
    aliases.put(name, new Target(digest, moved.getEpoch()));
    return true;
  }

  /** Where {@code <base>@default} points, once it does. */
  public synchronized Optional<Digest> defaultDigest() {
    return Optional.ofNullable(aliases.get(base + "@" + DEFAULT_ALIAS))
        .map(Target::digest)
        .filter(checkpoints::containsKey);
  }

  /** Every digest of this base that an alias points to, the default one first. */
  public synchronized Set<Digest> aliased() {
    Set<Digest> all = new LinkedHashSet<>();
    defaultDigest().ifPresent(all::add);
    for (Target target : aliases.values()) {
      if (checkpoints.containsKey(target.digest())) {
        all.add(target.digest());
      }
    }
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
   */
  public Digest resolve(String model, @Nullable Digest pinned) throws UnavailableModelException {
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
    Target target;
    synchronized (this) {
      target = aliases.get(name + "@" + version);
    }
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
    return known(target.digest(), name + "@" + version);
  }

  private Digest known(Digest digest, String asked) throws UnavailableModelException {
    synchronized (this) {
      if (checkpoints.containsKey(digest)) {
        return digest;
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
