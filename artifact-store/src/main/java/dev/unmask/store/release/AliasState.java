package dev.unmask.store.release;

import dev.unmask.store.Digest;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Where an alias points after some of its records. Immutable.
 *
 * @param digest the weights that answer, all requests or those that a canary does not take
 * @param candidate the weights that a canary tries or that are staged; null when none are
 * @param canary how they are tried; null exactly when there is no candidate
 * @param epoch of the last record that counted
 * @param moves the records that counted, oldest first, the last {@value #KEPT} of them
 */
public record AliasState(
    Digest digest,
    @Nullable Digest candidate,
    @Nullable Canary canary,
    long epoch,
    List<AliasMove> moves) {

  private static final int KEPT = 100;
  private static final int SHARES = 100;

  public AliasState {
    moves = List.copyOf(moves);
  }

  /**
   * The state after {@code next}. The first record of an epoch wins and epochs only grow: a record
   * that comes too late changes nothing.
   */
  static AliasState after(@Nullable AliasState now, AliasMove next) {
    if (now == null) {
      return new AliasState(next.digest(), null, null, next.epoch(), List.of(next));
    }
    if (next.epoch() <= now.epoch) {
      return now;
    }
    List<AliasMove> moves =
        new ArrayList<>(
            now.moves.size() < KEPT ? now.moves : now.moves.subList(1, now.moves.size()));
    moves.add(next);
    Canary canary = next.canary();
    return canary == null || next.digest().equals(now.digest)
        ? new AliasState(next.digest(), null, null, next.epoch(), moves)
        : new AliasState(now.digest, next.digest(), canary, next.epoch(), moves);
  }

  /** The weights for one request: the same for the same id while the alias does not move. */
  public Digest forRequest(String requestId) {
    Canary now = canary;
    Digest tried = candidate;
    return now != null && tried != null && share(requestId) < now.percent() ? tried : digest;
  }

  /** A number from 0 to 99 that ids share evenly; the same in every process. */
  static int share(String requestId) {
    CRC32C sum = new CRC32C();
    sum.update(requestId.getBytes(StandardCharsets.UTF_8));
    return (int) (sum.getValue() % SHARES);
  }

  /** The last record that counted. */
  public AliasMove last() {
    return moves.getLast();
  }

  /** Whether weights get a part of the requests on trial. */
  public boolean onTrial() {
    return canary != null && !canary.staged();
  }

  /**
   * The weights that must not go: those that answer, those on trial or staged, and those that a
   * rollback leads to, now and when the trial has passed.
   */
  public Set<Digest> needed() {
    Set<Digest> needed = new LinkedHashSet<>(List.of(digest));
    if (candidate != null) {
      needed.add(candidate);
    }
    before().ifPresent(needed::add);
    return needed;
  }

  /** What answered before {@link #digest} did; empty when it is the first, as far as is known. */
  public Optional<Digest> before() {
    for (int i = moves.size() - 1; i >= 0; i--) {
      AliasMove move = moves.get(i);
      if (move.canary() == null && move.digest().equals(digest)) {
        Digest previous = previousOf(i);
        if (previous != null && !previous.equals(digest)) {
          return Optional.of(previous);
        }
      }
    }
    return Optional.empty();
  }

  /** What answered when the record at {@code i} was written. */
  private @Nullable Digest previousOf(int i) {
    for (int before = i - 1; before >= 0; before--) {
      if (moves.get(before).canary() == null) {
        return moves.get(before).digest();
      }
    }
    return moves.get(i).previous();
  }
}
