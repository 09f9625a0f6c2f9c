package dev.unmask.gateway.flow;

import dev.unmask.gateway.flow.jobs.IdempotencyKeys;
import dev.unmask.v1.ErrorCode;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * What was asked for under keys, in the order of a topic of one partition: of two gateways that ask
 * under one key at once the first record counts, at both. Any thread.
 */
public final class Creations {

  private static final Duration READ_BACK = Duration.ofSeconds(15);

  private final Map<String, CompletableFuture<Creation>> byId = new HashMap<>();

  /** A record with this id was read; only the first one counts. */
  public void seen(String id, Creation creation) {
    boolean unusedWhetherFirst = of(id).complete(creation);
  }

  private synchronized CompletableFuture<Creation> of(String id) {
    return byId.computeIfAbsent(id, i -> new CompletableFuture<>());
  }

  /** Whether something with this id was asked for. */
  public boolean known(String id) {
    return of(id).isDone();
  }

  /**
   * What the first record with an id made, when it has been read.
   *
   * @param mine what this gateway asked for, or would have
   * @param what looks at it then
   * @return fails with ALREADY_EXISTS when the first one asked for something else
   */
  public <T> CompletableFuture<Created<T>> first(
      String id, String key, Creation mine, Supplier<T> what) {
    return of(id)
        .copy()
        .orTimeout(READ_BACK.toMillis(), TimeUnit.MILLISECONDS)
        .handle((first, late) -> {
          if (late != null) {
            throw new Refused(
                Refusal.temporary(
                    ErrorCode.ERROR_CODE_UNAVAILABLE,
                    "What was asked for was not confirmed in time; ask again under the same key.",
                    Duration.ofSeconds(1)));
          }
          if (!first.fingerprint().equals(mine.fingerprint())) {
            throw new Refused(IdempotencyKeys.usedOtherwise(key).refusal());
          }
          return new Created<>(what.get(), first.token() != mine.token());
        })
        .exceptionallyCompose(failure ->
            CompletableFuture.failedFuture(
                failure.getCause() instanceof Refused refused
                    ? new RefusedException(refused.refusal)
                    : failure));
  }

  /** Carries a refusal through a future. */
  private static final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1;

    @SuppressWarnings("serial")
    private final Refusal refusal;

    Refused(Refusal refusal) {
      super(refusal.message(), null, false, false);
      this.refusal = refusal;
    }
  }
}
