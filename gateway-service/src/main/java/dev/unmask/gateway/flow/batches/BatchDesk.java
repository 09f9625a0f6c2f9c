package dev.unmask.gateway.flow.batches;

import dev.unmask.gateway.flow.Created;
import dev.unmask.gateway.flow.Creation;
import dev.unmask.gateway.flow.Gate;
import dev.unmask.gateway.flow.Origin;
import dev.unmask.gateway.flow.Page;
import dev.unmask.gateway.flow.Paging;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.access.Principal;
import dev.unmask.gateway.flow.files.FileShelf;
import dev.unmask.gateway.flow.jobs.IdempotencyKeys;
import dev.unmask.v1.BatchRecord;
import dev.unmask.v1.BatchStatus;
import dev.unmask.v1.ErrorCode;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * What can be done with batches. A batch is asked for and cancelled by a record; the gateway that
 * runs batches does the rest. Any thread; only {@link #create} may block. Futures fail with {@link
 * RefusedException} when Kafka does not take the record.
 */
public final class BatchDesk {

  private static final Duration WINDOW = Duration.ofHours(24);

  private final Gate gate;
  private final BatchFold batches;
  private final BatchOutbox outbox;
  private final FileShelf files;
  private final Set<String> endpoints;
  private final RandomGenerator random;
  private final Clock clock;

  /**
   * @param endpoints whose requests a batch may hold
   */
  public BatchDesk(
      Gate gate,
      BatchFold batches,
      BatchOutbox outbox,
      FileShelf files,
      Set<String> endpoints,
      RandomGenerator random,
      Clock clock) {
    this.gate = gate;
    this.batches = batches;
    this.outbox = outbox;
    this.files = files;
    this.endpoints = endpoints;
    this.random = random;
    this.clock = clock;
  }

  /** Asks for a batch, or finds the one of the caller's key. Blocks on the store. */
  public CompletableFuture<Created<BatchRecord>> create(
      String inputFile, String endpoint, Map<String, String> metadata, Origin origin)
      throws RefusedException {
    gate.enter();
    if (!endpoints.contains(endpoint)) {
      throw new RefusedException(
          Refusal.invalid("endpoint", "endpoint must be " + String.join(" or ", endpoints) + "."));
    }
    BatchRecord.Builder asked =
        BatchRecord.newBuilder().setEndpoint(endpoint).setInputFile(inputFile);
    String key = origin.key();
    if (key == null) {
      return send(batch(asked, String.format("batch-%016x", random.nextLong()), metadata, origin))
          .thenApply(batch -> new Created<>(batch, false));
    }
    IdempotencyKeys.check(key);
    String id = IdempotencyKeys.id("batch-", origin.tenant(), key);
    Creation mine = new Creation(random.nextLong() | 1, IdempotencyKeys.fingerprint(asked.build()));
    CompletableFuture<Created<BatchRecord>> first =
        batches.creations().first(id, key, mine, () -> batches.get(id).orElseThrow());
    if (batches.creations().known(id)) {
      return first;
    }
    return told(batch(
            asked.setToken(mine.token()).setFingerprint(mine.fingerprint()), id, metadata, origin))
        .thenCompose(sent -> first);
  }

  private BatchRecord batch(
      BatchRecord.Builder asked, String id, Map<String, String> metadata, Origin origin)
      throws RefusedException {
    var file = files.require(origin.tenant(), "input_file_id", asked.getInputFile());
    if (!file.purpose().equals("batch")) {
      throw new RefusedException(
          Refusal.invalid(
              "input_file_id",
              "The file "
                  + asked.getInputFile()
                  + " has the purpose "
                  + file.purpose()
                  + ", not batch."));
    }
    long now = clock.millis();
    return asked
        .setMinReader(1)
        .setId(id)
        .setTenant(origin.tenant())
        .setCreatedAtMs(now)
        .setExpiresAtMs(now + WINDOW.toMillis())
        .setStatus(BatchStatus.BATCH_STATUS_VALIDATING)
        .setAtMs(now)
        .putAllMetadata(metadata)
        .build();
  }

  /** Ends a batch; one that has ended is returned as it is. */
  public CompletableFuture<BatchRecord> cancel(String tenant, String id) throws RefusedException {
    BatchRecord batch = get(tenant, id);
    if (BatchFold.hasEnded(batch)) {
      return CompletableFuture.completedFuture(batch);
    }
    gate.enter();
    return send(
        batch.toBuilder()
            .setStatus(BatchStatus.BATCH_STATUS_CANCELLING)
            .setAtMs(clock.millis())
            .build());
  }

  public BatchRecord get(String tenant, String id) throws RefusedException {
    gate.look();
    return batches
        .get(id)
        .filter(batch -> Principal.ownerOf(batch.getTenant()).equals(tenant))
        .orElseThrow(() -> noBatch("id", id));
  }

  /** At most {@code asked} batches, newest first; 0 for the usual number. */
  public Page<BatchRecord> list(String tenant, String after, int asked) throws RefusedException {
    gate.look();
    int most = Paging.limit(asked, 20, 100);
    return batches.list(tenant, after, most).orElseThrow(() -> noBatch("after", after));
  }

  private CompletableFuture<BatchRecord> send(BatchRecord record) {
    return told(record)
        .thenApply(sent -> {
          // The caller may ask at once; the record is read back a moment later.
          batches.apply(record);
          return batches.get(record.getId()).orElse(record);
        });
  }

  private CompletableFuture<@Nullable Void> told(BatchRecord record) {
    CompletableFuture<@Nullable Void> told = new CompletableFuture<>();
    outbox.send(
        record,
        failure -> {
          if (failure == null) {
            told.complete(null);
          } else {
            told.completeExceptionally(
                new RefusedException(
                    Refusal.temporary(
                        ErrorCode.ERROR_CODE_UNAVAILABLE,
                        "The batch could not be written: " + failure.getMessage(),
                        Duration.ofSeconds(1))));
          }
        });
    return told;
  }

  private static RefusedException noBatch(String field, String id) {
    return new RefusedException(
        new Refusal(
            ErrorCode.ERROR_CODE_NOT_FOUND, "There is no batch \"" + id + "\".", field, null));
  }
}
