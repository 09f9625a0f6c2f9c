package dev.unmask.gateway.messaging;

import dev.unmask.proto.MinReader;
import dev.unmask.store.Digest;
import dev.unmask.store.release.AliasMove;
import dev.unmask.store.release.Canary;
import dev.unmask.v1.AliasRecord;

/** Records of {@code unmask.aliases}, both ways. */
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

  /** The record of a move. */
  static AliasRecord record(AliasMove move) {
    Digest previous = move.previous();
    AliasRecord.Builder record =
        AliasRecord.newBuilder()
            .setModel(move.model())
            .setAlias(move.alias())
            .setDigest(move.digest().toString())
            .setPreviousDigest(previous == null ? "" : previous.toString())
            .setEpoch(move.epoch())
            .setReason(move.reason())
            .setActor(move.actor())
            .setAtMs(move.atMs())
            .setId(move.id());
    Canary canary = move.canary();
    if (canary != null) {
      record.setCanary(
          dev.unmask.v1.Canary.newBuilder()
              .setPercent(canary.percent())
              .setRequests(canary.requests())
              .setDurationMs(canary.millis()));
    }
    return record.setMinReader(MinReader.of(record)).build();
  }
}
