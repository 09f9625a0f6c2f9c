package dev.unmask.sampler;

import dev.unmask.kafka.KafkaAccess;
import dev.unmask.model.engine.MemoryBudget;
import dev.unmask.model.torch.Device;
import dev.unmask.model.transformer.Precision;
import dev.unmask.proto.Headers;
import dev.unmask.proto.RecordCodec;
import dev.unmask.proto.Topics;
import dev.unmask.sampler.messaging.KafkaSettings;
import dev.unmask.sampler.models.ModelShelf;
import dev.unmask.store.CheckpointFolders;
import dev.unmask.store.Digest;
import dev.unmask.store.FolderStore;
import dev.unmask.store.Manifest;
import dev.unmask.store.ManifestFacts;
import dev.unmask.store.location.StoreChoice;
import dev.unmask.store.location.StoreLocation;
import dev.unmask.testkit.TestKafka;
import dev.unmask.testkit.TinyModel;
import dev.unmask.testkit.TopicLog;
import dev.unmask.v1.AliasRecord;
import dev.unmask.v1.Canary;
import dev.unmask.v1.CancelGeneration;
import dev.unmask.v1.CheckpointRecord;
import dev.unmask.v1.DeadLetter;
import dev.unmask.v1.GenerationControl;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.GenerationJob;
import dev.unmask.v1.ModelReport;
import dev.unmask.v1.ModelState;
import dev.unmask.v1.WorkerState;
import dev.unmask.v1.WorkerStatus;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/** Everything around a worker: publishes checkpoints, sends requests, reads what comes back. */
final class Desk implements AutoCloseable {

  /** Generous: builds share their machine with much else. */
  static final Duration PATIENCE = Duration.ofMinutes(3);

  final String base;
  final String replies;
  final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final TestKafka kafka;
  private final Path folder;
  private final FolderStore store;
  private List<Path> trustedKeys = List.of();
  private final KafkaProducer<String, byte[]> producer;
  private final TopicLog replyLog;
  private final TopicLog results;
  private final TopicLog deadLetters;
  private final TopicLog reports;
  private final TopicLog workers;
  private int models;

  Desk(TestKafka kafka, Path folder) throws Exception {
    this.kafka = kafka;
    this.folder = folder;
    base = kafka.newBase();
    replies = Topics.REPLY_PREFIX + base;
    kafka.createTopic(replies, 2);
    store = FolderStore.open(folder.resolve("store"));
    producer = kafka.newProducer();
    replyLog = kafka.follow(replies);
    results = kafka.follow(Topics.RESULTS);
    deadLetters = kafka.follow(Topics.DEAD_LETTERS);
    reports = kafka.follow(Topics.MODEL_REPORTS);
    workers = kafka.follow(Topics.WORKERS);
  }

  SamplerOptions options(String worker, Duration renewEvery) {
    return options(worker, renewEvery, 1L << 26, 1L << 30);
  }

  /** With room for whole weights of so many bytes. */
  SamplerOptions narrowOptions(String worker, long weightBytes) {
    return options(worker, Duration.ofSeconds(2), 1L << 26, weightBytes);
  }

  /** With room for adapters of so many bytes. */
  SamplerOptions options(String worker, long adapterBytes) {
    return options(worker, Duration.ofSeconds(2), adapterBytes, 1L << 30);
  }

  private SamplerOptions options(
      String worker, Duration renewEvery, long adapterBytes, long weightBytes) {
    return new SamplerOptions(
        new KafkaSettings(KafkaAccess.plain(kafka.bootstrap()), worker),
        base,
        new StoreChoice(
            new StoreLocation.Folder(folder.resolve("store")),
            folder.resolve("blobs"),
            StoreLocation.USUAL_CACHE,
            trustedKeys),
        folder.resolve("cache-" + worker),
        Device.cpu(),
        Precision.F32,
        4,
        1,
        MemoryBudget.of(1L << 30),
        new ModelShelf.Limits(4, adapterBytes, weightBytes),
        renewEvery,
        4,
        Duration.ofSeconds(12),
        Duration.ofSeconds(120),
        Duration.ofMillis(500),
        Duration.ofMinutes(10),
        false);
  }

  /** Workers that are started from now on serve only what one of these keys has signed. */
  void trust(Path... keys) {
    trustedKeys = List.of(keys);
  }

  /** A started worker; ready when this returns. */
  SamplerWorker worker(String name) throws Exception {
    return worker(name, Duration.ofSeconds(2));
  }

  SamplerWorker worker(String name, Duration renewEvery) throws Exception {
    SamplerWorker worker = new SamplerWorker(options(name, renewEvery), meters);
    worker.start();
    awaitState(name, WorkerState.WORKER_STATE_READY);
    return worker;
  }

  WorkerStatus awaitState(String worker, WorkerState state) throws Exception {
    return awaitStatus(worker, status -> status.getState() == state);
  }

  WorkerStatus awaitStatus(String worker, Predicate<WorkerStatus> wanted) throws Exception {
    ConsumerRecord<String, byte[]> found =
        workers
            .await(1, r -> worker.equals(r.key()) && wanted.test(status(r.value())), PATIENCE)
            .getLast();
    return status(found.value());
  }

  /** Stores a model and publishes its checkpoint record. */
  Digest publish(TinyModel model, String name) throws Exception {
    return announce(store(model, name));
  }

  /** Stores a model without telling anybody. */
  Manifest store(TinyModel model, String name) throws Exception {
    return store(model.write(folder.resolve("model-" + models++)), name);
  }

  /** As {@link #store(TinyModel, String)}, the last number of its last tensor being NaN. */
  Manifest storeWithNaN(TinyModel model, String name) throws Exception {
    Path source = model.write(folder.resolve("model-" + models++));
    try (var weights =
        new java.io.RandomAccessFile(source.resolve("model.safetensors").toFile(), "rw")) {
      weights.seek(weights.length() - Float.BYTES);
      weights.writeInt(Integer.reverseBytes(Float.floatToIntBits(Float.NaN)));
    }
    return store(source, name);
  }

  private Manifest store(Path source, String name) throws Exception {
    ManifestFacts facts =
        new ManifestFacts(
            name,
            base,
            Manifest.Kind.FULL,
            null,
            null,
            null,
            null,
            null,
            Map.of(),
            null,
            null,
            "Apache-2.0",
            List.of("nobody " + models));
    return CheckpointFolders.importFolder(store, source, facts);
  }

  /** Publishes a checkpoint record for a manifest that is in the store. */
  Digest announce(Manifest manifest) throws Exception {
    Digest digest = manifest.digest();
    send(
        Topics.CHECKPOINTS,
        manifest.model() + "/" + digest,
        CheckpointRecord.newBuilder()
            .setModel(manifest.model())
            .setDigest(digest.toString())
            .setBase(base)
            .setManifestJson(com.google.protobuf.ByteString.copyFrom(manifest.canonicalJson()))
            .setAtMs(System.currentTimeMillis())
            .build()
            .toByteArray(),
        Map.of());
    return digest;
  }

  /** For files of the test. */
  Path scratch() {
    return folder;
  }

  FolderStore store() {
    return store;
  }

  void alias(String model, Digest digest, long epoch) throws Exception {
    send(
        Topics.ALIASES,
        model + "/default",
        AliasRecord.newBuilder()
            .setModel(model)
            .setAlias("default")
            .setDigest(digest.toString())
            .setEpoch(epoch)
            .build()
            .toByteArray(),
        Map.of());
  }

  /** Gives weights a share of an alias's requests. */
  void canary(String model, Digest digest, long epoch, int percent) throws Exception {
    send(
        Topics.ALIASES,
        model + "/default",
        AliasRecord.newBuilder()
            .setModel(model)
            .setAlias("default")
            .setDigest(digest.toString())
            .setEpoch(epoch)
            .setCanary(Canary.newBuilder().setPercent(percent))
            .build()
            .toByteArray(),
        Map.of());
  }

  void withdraw(String model, Digest digest) throws Exception {
    send(Topics.CHECKPOINTS, model + "/" + digest, null, Map.of());
  }

  ModelReport awaitReport(Digest digest, ModelState state) throws Exception {
    return ModelReport.parseFrom(
        reports
            .await(
                1,
                r ->
                    r.key().startsWith(digest.toString() + "/")
                        && report(r.value()).getState() == state,
                PATIENCE)
            .getLast()
            .value());
  }

  void request(GenerationJob job) throws Exception {
    request(job.getRequestId(), job.toByteArray(), headers());
  }

  void request(String key, byte[] value, Map<String, String> headers) throws Exception {
    send(Topics.interactiveRequests(base), key, value, headers);
  }

  void bulk(GenerationJob job) throws Exception {
    send(Topics.bulkRequests(base), job.getRequestId(), job.toByteArray(), headers());
  }

  Map<String, String> headers() {
    Map<String, String> headers = new LinkedHashMap<>();
    headers.put(Headers.REPLY_TOPIC, replies);
    headers.put(Headers.REPLY_PARTITION, "1");
    headers.put(Headers.REPLY_INSTANCE, "desk");
    return headers;
  }

  void cancel(String requestId) throws Exception {
    send(
        Topics.CONTROL,
        requestId,
        GenerationControl.newBuilder()
            .setMinReader(1)
            .setRequestId(requestId)
            .setCancel(
                CancelGeneration.newBuilder()
                    .setReason("the test said so")
                    .setRememberUntilMs(System.currentTimeMillis() + 60_000))
            .build()
            .toByteArray(),
        Map.of());
  }

  /** The terminal event of a request on the reply topic, once it is there. */
  GenerationEvent awaitReply(String requestId) throws Exception {
    return event(awaitReplyRecord(requestId, e -> e.hasFinal() || e.hasScored() || e.hasFailed()));
  }

  ConsumerRecord<String, byte[]> awaitReplyRecord(
      String requestId, Predicate<GenerationEvent> wanted) throws Exception {
    return replyLog
        .await(1, r -> requestId.equals(r.key()) && wanted.test(event(r)), PATIENCE)
        .getLast();
  }

  /** Every event on the reply topic so far. */
  List<GenerationEvent> replies(String requestId) {
    return replyLog.records().stream()
        .filter(r -> requestId.equals(r.key()))
        .map(Desk::event)
        .toList();
  }

  /** Every record of a request on the results topic so far, after there is one. */
  List<GenerationEvent> awaitResults(String requestId) throws Exception {
    return results.await(1, r -> requestId.equals(r.key()), PATIENCE).stream()
        .map(Desk::event)
        .toList();
  }

  DeadLetter awaitDeadLetter(String requestId) throws Exception {
    return DeadLetter.parseFrom(deadLetters.awaitValues(requestId, 1, PATIENCE).getLast());
  }

  @Override
  public void close() {
    replyLog.close();
    results.close();
    deadLetters.close();
    reports.close();
    workers.close();
    producer.close();
  }

  static String header(ConsumerRecord<?, ?> found, String name) {
    return new String(found.headers().lastHeader(name).value(), StandardCharsets.UTF_8);
  }

  static GenerationEvent event(ConsumerRecord<String, byte[]> found) {
    try {
      return RecordCodec.decode(
              found.value(),
              RecordCodec.isJson(header(found, Headers.CONTENT_TYPE)),
              GenerationEvent.newBuilder())
          .build();
    } catch (dev.unmask.proto.MalformedRecordException e) {
      throw new AssertionError(e);
    }
  }

  private static WorkerStatus status(byte[] value) {
    try {
      return WorkerStatus.parseFrom(value);
    } catch (com.google.protobuf.InvalidProtocolBufferException e) {
      throw new AssertionError(e);
    }
  }

  private static ModelReport report(byte[] value) {
    try {
      return ModelReport.parseFrom(value);
    } catch (com.google.protobuf.InvalidProtocolBufferException e) {
      throw new AssertionError(e);
    }
  }

  private void send(String topic, String key, byte @Nullable [] value, Map<String, String> headers)
      throws Exception {
    ProducerRecord<String, byte[]> sent = new ProducerRecord<>(topic, key, value);
    headers.forEach(
        (name, text) -> sent.headers().add(name, text.getBytes(StandardCharsets.UTF_8)));
    var unused = producer.send(sent).get(30, TimeUnit.SECONDS);
  }
}
