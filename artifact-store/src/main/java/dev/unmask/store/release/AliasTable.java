package dev.unmask.store.release;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Every alias, folded from the records of the alias topic in their order. Thread-safe. */
public final class AliasTable {

  /** The alias that a name without one means. */
  public static final String DEFAULT_ALIAS = "default";

  /** A model's alias; written {@code model@alias}. */
  public record Name(String model, String alias) implements Comparable<Name> {
    @Override
    public int compareTo(Name other) {
      int byModel = model.compareTo(other.model);
      return byModel != 0 ? byModel : alias.compareTo(other.alias);
    }

    @Override
    public String toString() {
      return model + "@" + alias;
    }
  }

  private final Map<Name, AliasState> states = new TreeMap<>();
  private long changes;

  /** Folds one record; false when it came too late to count. */
  public synchronized boolean apply(AliasMove move) {
    Name name = new Name(move.model(), move.alias());
    @Nullable AliasState now = states.get(name);
    AliasState next = AliasState.after(now, move);
    if (next.equals(now)) {
      return false;
    }
    states.put(name, next);
    changes++;
    notifyAll();
    return true;
  }

  /** Where an alias points; empty before its first record. */
  public synchronized Optional<AliasState> get(String model, String alias) {
    return Optional.ofNullable(states.get(new Name(model, alias)));
  }

  /** All aliases by name. */
  public synchronized Map<Name, AliasState> all() {
    return new TreeMap<>(states);
  }

  /**
   * Waits until an alias has reached an epoch, at most {@code millis}; what it is then. Blocks; not
   * for event loops.
   */
  public synchronized Optional<AliasState> await(
      String model, String alias, long epoch, long millis) throws InterruptedException {
    long end = System.nanoTime() + millis * 1_000_000;
    while (true) {
      Optional<AliasState> now = get(model, alias);
      long left = (end - System.nanoTime()) / 1_000_000;
      if (left <= 0 || now.filter(state -> state.epoch() >= epoch).isPresent()) {
        return now;
      }
      wait(left);
    }
  }

  /** Records that have counted so far, of all aliases. */
  public synchronized long changes() {
    return changes;
  }

  /** Waits until {@link #changes} is no longer {@code seen}, at most {@code millis}. Blocks. */
  public synchronized void awaitChange(long seen, long millis) throws InterruptedException {
    long end = System.nanoTime() + millis * 1_000_000;
    while (changes == seen) {
      long left = (end - System.nanoTime()) / 1_000_000;
      if (left <= 0) {
        return;
      }
      wait(left);
    }
  }
}
