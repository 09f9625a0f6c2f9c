package dev.unmask.gateway.flow.batches;

import dev.unmask.gateway.flow.Creation;
import dev.unmask.gateway.flow.Creations;
import dev.unmask.gateway.flow.Page;
import dev.unmask.gateway.flow.access.Principal;
import dev.unmask.v1.BatchRecord;
import dev.unmask.v1.BatchStatus;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * All batches as the topic tells them. A status never goes back, so a record that was written
 * without knowing of a cancel does not undo it, and the first end of a batch is its end. Any
 * thread.
 */
public final class BatchFold {

  private final Creations creations = new Creations();
  private final Map<String, BatchRecord> batches = new HashMap<>();

  /** What was asked for under keys. */
  Creations creations() {
    return creations;
  }

  public void apply(BatchRecord next) {
    synchronized (this) {
      batches.merge(next.getId(), next, BatchFold::merged);
    }
    if (next.getToken() != 0) {
      creations.seen(next.getId(), new Creation(next.getToken(), next.getFingerprint()));
    }
  }

  private static BatchRecord merged(BatchRecord now, BatchRecord next) {
    boolean askedAgain =
        now.getToken() != next.getToken()
            && next.getStatus() == BatchStatus.BATCH_STATUS_VALIDATING;
    if (hasEnded(now) || askedAgain) {
      return now;
    }
    return next.getStatusValue() < now.getStatusValue()
        ? next.toBuilder().setStatus(now.getStatus()).build()
        : next;
  }

  public synchronized Optional<BatchRecord> get(String id) {
    return Optional.ofNullable(batches.get(id));
  }

  /** Batches that have not ended, oldest first. */
  public synchronized List<BatchRecord> underWay() {
    return batches.values().stream()
        .filter(batch -> !hasEnded(batch))
        .sorted(
            Comparator.comparingLong(BatchRecord::getCreatedAtMs).thenComparing(BatchRecord::getId))
        .toList();
  }

  /**
   * At most {@code limit} batches, newest first.
   *
   * @param tenant only its own
   * @param after the id before the first; empty for the newest
   * @return nothing when there is no batch {@code after}
   */
  public synchronized Optional<Page<BatchRecord>> list(String tenant, String after, int limit) {
    List<BatchRecord> all =
        batches.values().stream()
            .filter(batch -> Principal.ownerOf(batch.getTenant()).equals(tenant))
            .sorted(
                Comparator.comparingLong(BatchRecord::getCreatedAtMs)
                    .reversed()
                    .thenComparing(BatchRecord::getId))
            .toList();
    int from = 0;
    if (!after.isEmpty()) {
      while (from < all.size() && !all.get(from).getId().equals(after)) {
        from++;
      }
      if (from++ == all.size()) {
        return Optional.empty();
      }
    }
    int to = Math.min(all.size(), from + limit);
    return Optional.of(new Page<>(List.copyOf(all.subList(from, to)), to < all.size()));
  }

  /** Whether a batch is over. */
  public static boolean hasEnded(BatchRecord batch) {
    return batch.getStatusValue() >= BatchStatus.BATCH_STATUS_COMPLETED_VALUE;
  }
}
