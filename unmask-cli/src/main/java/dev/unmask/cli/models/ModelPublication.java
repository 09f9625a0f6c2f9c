package dev.unmask.cli.models;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import dev.unmask.cli.CliException;
import dev.unmask.kafka.KafkaAccess;
import dev.unmask.kafka.KafkaTrouble;
import dev.unmask.proto.Headers;
import dev.unmask.proto.MalformedRecordException;
import dev.unmask.proto.MinReader;
import dev.unmask.proto.RecordCodec;
import dev.unmask.proto.Topics;
import dev.unmask.store.Digest;
import dev.unmask.store.Manifest;
import dev.unmask.store.StoreException;
import dev.unmask.store.release.AliasMove;
import dev.unmask.store.release.AliasState;
import dev.unmask.store.release.AliasTable;
import dev.unmask.store.release.Canary;
import dev.unmask.v1.AliasRecord;
import dev.unmask.v1.CheckpointRecord;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.jspecify.annotations.Nullable;

/**
 * Tells the cluster about a checkpoint that is already in the store: its record, then its alias.
 * Blocks; one thread.
 */
public final class ModelPublication {

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final KafkaAccess kafka;

  /**
   * @param kafka where it is and how clients are let in
   */
  public ModelPublication(KafkaAccess kafka) {
    this.kafka = kafka;
  }

  /** What publishing changed. */
  public enum Change {
    /** The cluster had this digest and the alias; nothing was written. */
    NOTHING,
    /** The cluster had this digest, but not the alias. */
    ALIAS,
    CHECKPOINT,
    CHECKPOINT_AND_ALIAS
  }

  /**
   * Publishes a checkpoint. A digest that the cluster has already is left alone together with the
   * alias, which may point to something newer by now.
   *
   * @param alias moved to the checkpoint when it is new; empty moves none
   * @throws CliException when Kafka cannot be reached
   */
  public Change publish(Manifest manifest, Optional<String> alias, String actor) {
    try {
      boolean known = isKnown(manifest);
      Optional<AliasState> now = alias.flatMap(name -> currentAlias(manifest.model(), name));
      if (known && (alias.isEmpty() || now.isPresent())) {
        return Change.NOTHING;
      }
      try (KafkaProducer<String, byte[]> producer = producer()) {
        if (!known) {
          send(
              producer,
              Topics.CHECKPOINTS,
              manifest.model() + "/" + manifest.digest(),
              checkpoint(manifest));
        }
        if (alias.isPresent()) {
          send(
              producer,
              Topics.ALIASES,
              manifest.model() + "/" + alias.get(),
              move(manifest, alias.get(), now, actor));
        }
      }
      if (alias.isEmpty()) {
        return Change.CHECKPOINT;
      }
      return known ? Change.ALIAS : Change.CHECKPOINT_AND_ALIAS;
    } catch (KafkaException e) {
      throw unreachable(e);
    }
  }

  /**
   * What the cluster knows an imported folder by: the same files under the same name may have been
   * published by an older build, whose manifest said less of them. Publishing them again would make
   * a second version of the same weights, and would take the alias from whatever it points to.
   *
   * @throws CliException when Kafka cannot be reached
   */
  public Manifest asPublished(Manifest imported) {
    Manifest[] found = {imported};
    boolean[] exact = {false};
    try {
      read(
          Topics.CHECKPOINTS,
          record ->
              decode(record, CheckpointRecord.newBuilder())
                  .flatMap(checkpoint -> manifest(checkpoint.build()))
                  .filter(published -> published.model().equals(imported.model()))
                  .ifPresent(published -> {
                    exact[0] |= published.equals(imported);
                    if (published.createdAt() == null && published.hasFilesOf(imported)) {
                      found[0] = published;
                    }
                  }));
    } catch (KafkaException e) {
      throw unreachable(e);
    }
    return exact[0] ? imported : found[0];
  }

  private static Optional<Manifest> manifest(CheckpointRecord checkpoint) {
    try {
      return Optional.of(Manifest.parse(checkpoint.getManifestJson().toByteArray()));
    } catch (StoreException e) {
      return Optional.empty(); // of a newer build, or nobody's
    }
  }

  /** Tells the cluster that checkpoints are gone, before they are. */
  public void withdraw(List<Withdrawn> checkpoints) {
    try (KafkaProducer<String, byte[]> producer = producer()) {
      for (Withdrawn gone : checkpoints) {
        sendValue(producer, Topics.CHECKPOINTS, gone.model() + "/" + gone.digest(), null);
      }
    } catch (KafkaException e) {
      throw unreachable(e);
    }
  }

  /** A checkpoint that is taken back. */
  public record Withdrawn(String model, String digest) {}

  /** Every alias that there is. */
  public Collection<AliasState> aliases() {
    try {
      return aliasTable().all().values();
    } catch (KafkaException e) {
      throw unreachable(e);
    }
  }

  private static CheckpointRecord checkpoint(Manifest manifest) {
    return CheckpointRecord.newBuilder()
        .setMinReader(MinReader.ANY)
        .setModel(manifest.model())
        .setBase(manifest.base())
        .setDigest(manifest.digest().toString())
        .setManifestJson(ByteString.copyFrom(manifest.canonicalJson()))
        .setAtMs(System.currentTimeMillis())
        .build();
  }

  private static AliasRecord move(
      Manifest manifest, String alias, Optional<AliasState> now, String actor) {
    return AliasRecord.newBuilder()
        .setMinReader(MinReader.ANY)
        .setModel(manifest.model())
        .setAlias(alias)
        .setDigest(manifest.digest().toString())
        .setPreviousDigest(now.map(state -> state.digest().toString()).orElse(""))
        .setEpoch(now.map(AliasState::epoch).orElse(0L) + 1)
        .setReason("import")
        .setActor(actor)
        .setAtMs(System.currentTimeMillis())
        .build();
  }

  private boolean isKnown(Manifest manifest) {
    String digest = manifest.digest().toString();
    boolean[] found = {false};
    read(
        Topics.CHECKPOINTS,
        record -> {
          CheckpointRecord checkpoint =
              decode(record, CheckpointRecord.newBuilder())
                  .map(CheckpointRecord.Builder::build)
                  .orElse(CheckpointRecord.getDefaultInstance());
          found[0] |=
              checkpoint.getDigest().equals(digest)
                  && checkpoint.getModel().equals(manifest.model());
        });
    return found[0];
  }

  private Optional<AliasState> currentAlias(String model, String alias) {
    return aliasTable().get(model, alias);
  }

  private AliasTable aliasTable() {
    AliasTable table = new AliasTable();
    read(
        Topics.ALIASES,
        record ->
            decode(record, AliasRecord.newBuilder())
                .map(AliasRecord.Builder::build)
                .flatMap(ModelPublication::move)
                .ifPresent(table::apply));
    return table;
  }

  /** What a record says; empty when it names no digest. */
  private static Optional<AliasMove> move(AliasRecord record) {
    return digest(record.getDigest())
        .map(digest ->
            new AliasMove(
                record.getModel(),
                record.getAlias(),
                digest,
                digest(record.getPreviousDigest()).orElse(null),
                record.getEpoch(),
                record.hasCanary()
                    ? new Canary(
                        Math.clamp(record.getCanary().getPercent(), 0, 99),
                        Math.max(0, record.getCanary().getRequests()),
                        Math.max(0, record.getCanary().getDurationMs()))
                    : null,
                record.getReason(),
                record.getActor(),
                record.getAtMs(),
                record.getId()));
  }

  private static Optional<Digest> digest(String text) {
    try {
      return Optional.of(Digest.parse(text));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** Reads a topic from its beginning to what is its end now. */
  void read(String topic, Consumer<ConsumerRecord<String, byte[]>> reader) {
    Map<String, Object> config = kafka.properties();
    config.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, (int) PATIENCE.toMillis());
    try (KafkaConsumer<String, byte[]> consumer =
        new KafkaConsumer<>(config, new StringDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic).stream()
              .map(info -> new TopicPartition(topic, info.partition()))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.getOrDefault(p, 0L))) {
        consumer.poll(Duration.ofMillis(200)).forEach(reader);
      }
    }
  }

  private static <B extends Message.Builder> Optional<B> decode(
      ConsumerRecord<String, byte[]> record, B builder) {
    if (record.value() == null) {
      return Optional.empty();
    }
    Header type = record.headers().lastHeader(Headers.CONTENT_TYPE);
    boolean json =
        RecordCodec.isJson(type == null ? null : new String(type.value(), StandardCharsets.UTF_8));
    try {
      return Optional.of(RecordCodec.decode(record.value(), json, builder));
    } catch (MalformedRecordException e) {
      // Somebody else's mistake on a shared topic must not stop an import.
      return Optional.empty();
    }
  }

  private KafkaProducer<String, byte[]> producer() {
    Map<String, Object> config = kafka.properties();
    config.put(ProducerConfig.ACKS_CONFIG, "all");
    config.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, (int) PATIENCE.toMillis());
    return new KafkaProducer<>(config, new StringSerializer(), new ByteArraySerializer());
  }

  private void send(
      KafkaProducer<String, byte[]> producer, String topic, String key, Message message) {
    sendValue(producer, topic, key, RecordCodec.encode(message, false));
  }

  private void sendValue(
      KafkaProducer<String, byte[]> producer, String topic, String key, byte @Nullable [] value) {
    try {
      var unused =
          producer
              .send(new ProducerRecord<>(topic, key, value))
              .get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw unreachable(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw unreachable(e);
    }
  }

  private CliException unreachable(Exception e) {
    return new CliException(
        "Kafka did not take the model: " + KafkaTrouble.of(kafka, e).sentence(), e);
  }
}
