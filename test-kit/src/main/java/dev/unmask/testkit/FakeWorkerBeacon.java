package dev.unmask.testkit;

import dev.unmask.proto.MinReader;
import dev.unmask.proto.Topics;
import dev.unmask.v1.CheckpointRecord;
import dev.unmask.v1.ModelReport;
import dev.unmask.v1.ModelState;
import dev.unmask.v1.ProbeAnswer;
import dev.unmask.v1.WorkerState;
import dev.unmask.v1.WorkerStatus;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;

/**
 * A worker that serves nothing: it says that it is alive and reports on every checkpoint of its
 * base that is published. For tests of who waits for workers. Has one thread, which {@link #close}
 * ends.
 */
public final class FakeWorkerBeacon implements AutoCloseable {

  private static final long HEARTBEAT_MS = 500;

  private final String worker;
  private final String base;
  private final Function<CheckpointRecord, ModelReport.Builder> judge;
  private final TopicLog checkpoints;
  private final KafkaProducer<String, byte[]> producer;
  private final Set<String> digests = new LinkedHashSet<>();
  private final Thread thread;
  private int seen;
  private volatile boolean stopping;

  private FakeWorkerBeacon(
      TestKafka kafka,
      String base,
      String worker,
      Function<CheckpointRecord, ModelReport.Builder> judge) {
    this.worker = worker;
    this.base = base;
    this.judge = judge;
    this.checkpoints = kafka.follow(Topics.CHECKPOINTS);
    this.producer = kafka.newProducer();
    this.thread = new Thread(this::beat, "beacon-" + worker);
    thread.setDaemon(true);
  }

  /** A worker of {@code base} that finds every checkpoint good. */
  public static FakeWorkerBeacon start(TestKafka kafka, String base, String worker) {
    return start(kafka, base, worker, checkpoint -> verified("fine"));
  }

  /**
   * A worker that judges checkpoints by {@code judge}, which fills in state, message and probes.
   * Its first heartbeat is out when this returns.
   */
  public static FakeWorkerBeacon start(
      TestKafka kafka,
      String base,
      String worker,
      Function<CheckpointRecord, ModelReport.Builder> judge) {
    FakeWorkerBeacon beacon = new FakeWorkerBeacon(kafka, base, worker, judge);
    beacon.say(WorkerState.WORKER_STATE_READY);
    beacon.thread.start();
    return beacon;
  }

  /** A good report whose one probe was answered with {@code answer}. */
  public static ModelReport.Builder verified(String answer) {
    return ModelReport.newBuilder()
        .setState(ModelState.MODEL_STATE_VERIFIED)
        .addProbes(ProbeAnswer.newBuilder().setPrompt("How are you?").setAnswer(answer));
  }

  /** A bad report. */
  public static ModelReport.Builder failed(String sentence) {
    return ModelReport.newBuilder().setState(ModelState.MODEL_STATE_FAILED).setMessage(sentence);
  }

  private void beat() {
    try {
      long next = System.currentTimeMillis() + HEARTBEAT_MS;
      while (!stopping) {
        reportNews();
        if (System.currentTimeMillis() >= next) {
          say(WorkerState.WORKER_STATE_READY);
          next += HEARTBEAT_MS;
        }
        Thread.sleep(20);
      }
    } catch (InterruptedException e) {
      // Nobody interrupts it on purpose.
      throw new IllegalStateException("interrupted", e);
    }
  }

  private void reportNews() {
    var records = checkpoints.records();
    for (ConsumerRecord<String, byte[]> record : records.subList(seen, records.size())) {
      seen++;
      if (record.value() == null) {
        continue;
      }
      CheckpointRecord checkpoint = parse(record.value());
      if (!checkpoint.getBase().equals(base)) {
        continue;
      }
      ModelReport report =
          judge
              .apply(checkpoint)
              .setMinReader(MinReader.ANY)
              .setWorker(worker)
              .setModel(checkpoint.getModel())
              .setDigest(checkpoint.getDigest())
              .setAtMs(System.currentTimeMillis())
              .build();
      if (report.getState() == ModelState.MODEL_STATE_VERIFIED) {
        digests.add(report.getDigest());
      }
      PublishedModel.send(
          producer, Topics.MODEL_REPORTS, report.getDigest() + "/" + worker, report.toByteArray());
    }
  }

  private static CheckpointRecord parse(byte[] value) {
    try {
      return CheckpointRecord.parseFrom(value);
    } catch (com.google.protobuf.InvalidProtocolBufferException e) {
      throw new IllegalStateException("a checkpoint record that is none", e);
    }
  }

  private void say(WorkerState state) {
    PublishedModel.send(
        producer,
        Topics.WORKERS,
        worker,
        WorkerStatus.newBuilder()
            .setMinReader(MinReader.ANY)
            .setWorker(worker)
            .setBase(base)
            .setState(state)
            .addAllDigests(digests)
            .setSlots(1)
            .setFreeSlots(1)
            .setStepMs(1)
            .setVersion("test-kit")
            .setAtMs(System.currentTimeMillis())
            .setPrecision("f32")
            .build()
            .toByteArray());
  }

  /** Falls silent without a word, as a killed worker does. */
  public void die() {
    join();
    checkpoints.close();
    producer.close();
  }

  private void join() {
    stopping = true;
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Says goodbye and stops. */
  @Override
  public void close() {
    if (thread.isAlive()) {
      join();
      say(WorkerState.WORKER_STATE_STOPPED);
      checkpoints.close();
      producer.close();
    }
  }
}
