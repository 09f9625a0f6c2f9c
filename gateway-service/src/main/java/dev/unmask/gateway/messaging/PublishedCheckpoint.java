package dev.unmask.gateway.messaging;

import dev.unmask.gateway.flow.access.Principal;
import dev.unmask.gateway.flow.cluster.Checkpoint;
import dev.unmask.store.Digest;
import dev.unmask.store.Manifest;
import dev.unmask.store.StoreException;
import dev.unmask.v1.CheckpointRecord;
import java.util.Locale;
import org.jboss.logging.Logger;

/** Reads what the gateway needs from a checkpoint record and the manifest inside it. */
final class PublishedCheckpoint {

  private static final Logger LOG = Logger.getLogger(PublishedCheckpoint.class);

  private PublishedCheckpoint() {}

  /**
   * The checkpoint of {@code record}. A manifest that this build cannot read, or that is not what
   * the digest names, leaves the facts unknown: samplers verify it and say so in their reports.
   */
  static Checkpoint read(CheckpointRecord record) {
    byte[] json = record.getManifestJson().toByteArray();
    if (json.length > 0) {
      try {
        if (!Digest.of(json).toString().equals(record.getDigest())) {
          LOG.warnf("event=checkpoint.mismatch digest=%s", record.getDigest());
          return bare(record);
        }
        return withFacts(record, Manifest.parse(json));
      } catch (StoreException e) {
        LOG.warnf(
            "event=checkpoint.unreadable digest=%s cause=\"%s\"",
            record.getDigest(), e.getMessage());
      }
    }
    return bare(record);
  }

  private static Checkpoint withFacts(CheckpointRecord record, Manifest manifest) {
    Long createdAt = manifest.createdAt();
    Digest parent = manifest.parentDigest();
    return new Checkpoint(
        record.getModel(),
        record.getDigest(),
        record.getBase(),
        parent == null ? "" : parent.toString(),
        manifest.kind().name().toLowerCase(Locale.ROOT),
        createdAt == null ? record.getAtMs() / 1000 : createdAt,
        record.getJobId(),
        manifest.architecture().paramCount(),
        manifest.architecture().maxLen(),
        manifest.architecture().vocab(),
        owner(record));
  }

  private static Checkpoint bare(CheckpointRecord record) {
    return new Checkpoint(
        record.getModel(),
        record.getDigest(),
        record.getBase(),
        "",
        "",
        record.getAtMs() / 1000,
        record.getJobId(),
        0,
        0,
        0,
        owner(record));
  }

  /** What a job has made is its tenant's; what was imported is everybody's. */
  private static String owner(CheckpointRecord record) {
    return record.getTenant().isEmpty() && record.getJobId().isEmpty()
        ? ""
        : Principal.ownerOf(record.getTenant());
  }
}
