package dev.unmask.sft.publish;

import dev.unmask.store.Digest;
import dev.unmask.store.release.AliasMove;
import dev.unmask.store.release.Canary;
import dev.unmask.v1.AliasRecord;

/** Reads records of {@code unmask.aliases}. */
final class AliasRecords {

  private AliasRecords() {}

  /**
   * What a record says.
   *
   * @throws IllegalArgumentException when it names no digest or an impossible canary
   */
  static AliasMove move(AliasRecord record) {
    return new AliasMove(
        record.getModel(),
        record.getAlias(),
        Digest.parse(record.getDigest()),
        record.getPreviousDigest().isEmpty() ? null : Digest.parse(record.getPreviousDigest()),
        record.getEpoch(),
        record.hasCanary()
            ? new Canary(
                record.getCanary().getPercent(),
                record.getCanary().getRequests(),
                record.getCanary().getDurationMs())
            : null,
        record.getReason(),
        record.getActor(),
        record.getAtMs(),
        record.getId());
  }
}
