package dev.unmask.sampler.intake;

import dev.unmask.proto.Headers;
import dev.unmask.proto.MalformedRecordException;
import dev.unmask.proto.RecordCodec;
import dev.unmask.proto.Topics;
import dev.unmask.sampler.messaging.TopicTail;
import dev.unmask.sampler.models.Catalog;
import dev.unmask.store.Digest;
import dev.unmask.v1.AliasRecord;
import dev.unmask.v1.CheckpointRecord;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Folds checkpoints and aliases into the catalog. Runs on its topic tail's thread. */
public final class CatalogReader implements TopicTail.Reader {

  private static final Logger LOG = Logger.getLogger(CatalogReader.class);

  private final Catalog catalog;
  private final BiConsumer<Digest, @Nullable String> published;
  private final Consumer<Digest> aliased;
  private final Consumer<Digest> withdrawn;

  /**
   * @param published told about each checkpoint that is new to the catalog, and the span that its
   *     record is a part of
   * @param aliased told where an alias of this base points now, or what it tries
   * @param withdrawn told what was taken back
   */
  public CatalogReader(
      Catalog catalog,
      BiConsumer<Digest, @Nullable String> published,
      Consumer<Digest> aliased,
      Consumer<Digest> withdrawn) {
    this.catalog = catalog;
    this.published = published;
    this.aliased = aliased;
    this.withdrawn = withdrawn;
  }

  @Override
  public void read(ConsumerRecord<@Nullable String, byte @Nullable []> found) {
    try {
      if (found.topic().equals(Topics.CHECKPOINTS)) {
        checkpoint(found);
      } else {
        alias(found);
      }
    } catch (MalformedRecordException | IllegalArgumentException e) {
      LOG.warnf(
          "event=catalog-ignored topic=%s offset=%d reason=\"%s\"",
          found.topic(), found.offset(), e.getMessage());
    }
  }

  private void checkpoint(ConsumerRecord<@Nullable String, byte @Nullable []> found)
      throws MalformedRecordException {
    byte[] value = found.value();
    if (value == null) {
      String key = found.key();
      if (key != null) {
        catalog
            .withdraw(key)
            .ifPresent(digest -> {
              LOG.infof("digest=%s event=withdrawn key=%s", digest, key);
              withdrawn.accept(digest);
            });
      }
      return;
    }
    CheckpointRecord checkpoint =
        RecordCodec.decode(value, json(found), CheckpointRecord.newBuilder()).build();
    if (tooNew(found, checkpoint.getMinReader())) {
      return;
    }
    if (catalog.apply(checkpoint)) {
      LOG.infof(
          "digest=%s event=published model=%s", checkpoint.getDigest(), checkpoint.getModel());
      published.accept(
          Digest.parse(checkpoint.getDigest()), RequestReader.header(found, Headers.TRACEPARENT));
    }
  }

  private void alias(ConsumerRecord<@Nullable String, byte @Nullable []> found)
      throws MalformedRecordException {
    byte[] value = found.value();
    if (value == null) {
      return;
    }
    AliasRecord alias = RecordCodec.decode(value, json(found), AliasRecord.newBuilder()).build();
    if (tooNew(found, alias.getMinReader())) {
      return;
    }
    if (catalog.apply(alias)) {
      Digest digest = Digest.parse(alias.getDigest());
      if (catalog.aliased().contains(digest)) {
        LOG.infof(
            "digest=%s event=alias-moved alias=%s@%s epoch=%d",
            digest, alias.getModel(), alias.getAlias(), alias.getEpoch());
        aliased.accept(digest);
      }
    }
  }

  private static boolean json(ConsumerRecord<?, ?> found) {
    return RecordCodec.isJson(RequestReader.header(found, Headers.CONTENT_TYPE));
  }

  private static boolean tooNew(ConsumerRecord<?, ?> found, int needed) {
    if (needed <= RecordCodec.READER_VERSION) {
      return false;
    }
    LOG.warnf(
        "event=catalog-ignored topic=%s offset=%d reason=\"needs a reader of version %d\"",
        found.topic(), found.offset(), needed);
    return true;
  }
}
