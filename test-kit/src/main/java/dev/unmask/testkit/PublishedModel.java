package dev.unmask.testkit;

import com.google.protobuf.ByteString;
import dev.unmask.proto.MinReader;
import dev.unmask.proto.Topics;
import dev.unmask.store.CheckpointFolders;
import dev.unmask.store.FolderStore;
import dev.unmask.store.Manifest;
import dev.unmask.store.ManifestFacts;
import dev.unmask.v1.AliasRecord;
import dev.unmask.v1.CheckpointRecord;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * A {@link TinyModel} in a store and on the topics, as {@code unmask import --alias default} leaves
 * it.
 *
 * @param folder the Hugging Face folder it was made from
 */
public record PublishedModel(Manifest manifest, Path folder) {

  private static final String DEFAULT_ALIAS = "default";

  /**
   * Writes the model below {@code work}, stores it, and sends its checkpoint record and the first
   * record of its default alias.
   *
   * @param base name of the model and of the base that serves it
   */
  public static PublishedModel publish(
      TestKafka kafka, FolderStore store, String base, TinyModel model, Path work)
      throws IOException {
    return publish(kafka, store, base, model.write(work.resolve(base + "-" + model.seed())));
  }

  /** The same with a folder that is written already. */
  public static PublishedModel publish(TestKafka kafka, FolderStore store, String base, Path folder)
      throws IOException {
    Manifest manifest =
        CheckpointFolders.importFolder(store, folder, ManifestFacts.imported(base, "Apache-2.0"));
    PublishedModel published = new PublishedModel(manifest, folder);
    try (KafkaProducer<String, byte[]> producer = kafka.newProducer()) {
      send(
          producer,
          Topics.CHECKPOINTS,
          base + "/" + manifest.digest(),
          published.checkpointRecord().toByteArray());
      send(
          producer,
          Topics.ALIASES,
          base + "/" + DEFAULT_ALIAS,
          published.aliasRecord(1, "").toByteArray());
    }
    return published;
  }

  /** {@code sha256:…} of the manifest. */
  public String digest() {
    return manifest.digest().toString();
  }

  public CheckpointRecord checkpointRecord() {
    return CheckpointRecord.newBuilder()
        .setMinReader(MinReader.ANY)
        .setModel(manifest.model())
        .setDigest(digest())
        .setBase(manifest.base())
        .setManifestJson(ByteString.copyFrom(manifest.canonicalJson()))
        .setAtMs(System.currentTimeMillis())
        .build();
  }

  /** The record that points the model's default alias at it. */
  public AliasRecord aliasRecord(long epoch, String previousDigest) {
    return AliasRecord.newBuilder()
        .setMinReader(MinReader.ANY)
        .setModel(manifest.model())
        .setAlias(DEFAULT_ALIAS)
        .setDigest(digest())
        .setPreviousDigest(previousDigest)
        .setEpoch(epoch)
        .setReason("published by a test")
        .setActor("test-kit")
        .setAtMs(System.currentTimeMillis())
        .build();
  }

  static void send(KafkaProducer<String, byte[]> producer, String topic, String key, byte[] value) {
    send(producer, new ProducerRecord<>(topic, key, value));
  }

  static void send(KafkaProducer<String, byte[]> producer, ProducerRecord<String, byte[]> record) {
    await(producer.send(record));
  }

  static void await(Future<?> sent) {
    try {
      var unused = sent.get(60, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException("a record was not taken", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }
}
