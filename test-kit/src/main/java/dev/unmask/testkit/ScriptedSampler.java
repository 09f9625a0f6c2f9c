package dev.unmask.testkit;

import dev.unmask.proto.Headers;
import dev.unmask.proto.MalformedRecordException;
import dev.unmask.proto.RecordCodec;
import dev.unmask.proto.Topics;
import dev.unmask.v1.GenerationControl;
import dev.unmask.v1.GenerationJob;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.jspecify.annotations.Nullable;

/**
 * Takes jobs from a base's request topic as a sampler does, one share consumer a slot, and answers
 * them by a script instead of a model. It has its own slot threads and follows the control topic;
 * {@link #close} ends them all.
 *
 * <p>A script has the lock's 15 seconds; locks are not renewed.
 */
public final class ScriptedSampler implements AutoCloseable {

  /** What happens to one delivery of one request; runs on a slot's thread. */
  @FunctionalInterface
  public interface Script {
    void play(ScriptedCall call) throws InterruptedException;
  }

  private final String base;
  private final Script script;
  private final int atOnce;
  private final KafkaProducer<String, byte[]> producer;
  private final TopicLog control;
  private final List<KafkaShareConsumer<String, byte[]>> consumers = new ArrayList<>();
  private final List<Thread> slots = new ArrayList<>();
  private final Queue<GenerationJob> taken = new ConcurrentLinkedQueue<>();
  private final Set<Throwable> failures = ConcurrentHashMap.newKeySet();
  private volatile boolean closing;

  private ScriptedSampler(String bootstrap, String base, int slotCount, int atOnce, Script script) {
    this.base = base;
    this.script = script;
    this.atOnce = atOnce;
    this.producer = TestKafka.newProducer(bootstrap);
    this.control = TopicLog.follow(bootstrap, Topics.CONTROL);
    for (int slot = 0; slot < slotCount; slot++) {
      KafkaShareConsumer<String, byte[]> consumer = consumer(bootstrap, base, atOnce);
      consumers.add(consumer);
      Thread thread = new Thread(() -> serve(consumer), "scripted-slot-" + slot);
      thread.setDaemon(true);
      slots.add(thread);
    }
  }

  /** Starts {@code slots} slots that serve {@code base} by {@code script}. */
  public static ScriptedSampler start(String bootstrap, String base, int slots, Script script) {
    return start(bootstrap, base, slots, 1, script);
  }

  /**
   * The same with slots that each take what waits, up to {@code atOnce} requests, and accept them
   * together with their next question for more. For scripts that wait for nothing: then a request
   * costs the brokers the least that a worker can cost them.
   */
  public static ScriptedSampler start(
      String bootstrap, String base, int slots, int atOnce, Script script) {
    ScriptedSampler sampler = new ScriptedSampler(bootstrap, base, slots, atOnce, script);
    sampler.slots.forEach(Thread::start);
    return sampler;
  }

  /**
   * A script that answers every request at once: {@code started}, one piece of text where the job
   * asks for more than the final event, {@code final} with {@code text}.
   */
  public static Script answering(String text) {
    return call -> {
      call.started();
      if (call.wantsProgress()) {
        call.text(0, text);
      }
      call.finish(text);
    };
  }

  /** Every delivery taken so far, in order, again for each attempt. */
  public List<GenerationJob> taken() {
    return List.copyOf(taken);
  }

  private static KafkaShareConsumer<String, byte[]> consumer(
      String bootstrap, String base, int atOnce) {
    return new KafkaShareConsumer<>(
        Map.of(
            "bootstrap.servers",
            bootstrap,
            "group.id",
            Topics.samplersGroup(base),
            "share.acknowledgement.mode",
            "explicit",
            "share.acquire.mode",
            "record_limit",
            "max.poll.records",
            atOnce,
            "fetch.max.wait.ms",
            2_000),
        new StringDeserializer(),
        new ByteArrayDeserializer());
  }

  private void serve(KafkaShareConsumer<String, byte[]> consumer) {
    try (consumer) {
      consumer.subscribe(List.of(Topics.interactiveRequests(base), Topics.bulkRequests(base)));
      long freeSince = System.currentTimeMillis();
      while (true) {
        Map<ConsumerRecord<String, byte[]>, @Nullable ScriptedCall> played = new LinkedHashMap<>();
        for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
          Duration waited = Duration.ofMillis(Math.max(0, freeSince - record.timestamp()));
          played.put(record, play(record, waited));
        }
        for (var each : played.entrySet()) {
          consumer.acknowledge(
              each.getKey(),
              isAnswered(each.getValue()) ? AcknowledgeType.ACCEPT : AcknowledgeType.RELEASE);
        }
        freeSince = System.currentTimeMillis();
        if (atOnce == 1 && !played.isEmpty()) {
          var unused = consumer.commitSync();
        }
      }
    } catch (WakeupException | InterruptException | InterruptedException e) {
      // close() asked for it; closing the consumer releases what it holds.
      Thread.interrupted();
    } catch (RuntimeException | Error e) {
      // close() may interrupt a script while it waits for the broker to take its last event: the
      // reader of that event can be faster than the acknowledgement.
      if (closing && isInterruption(e)) {
        Thread.interrupted();
        return;
      }
      failures.add(e);
      throw e;
    }
  }

  private static boolean isInterruption(Throwable thrown) {
    for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
      if (cause instanceof InterruptedException || cause instanceof InterruptException) {
        return true;
      }
    }
    return false;
  }

  /** Whether a script ended with a terminal event that the brokers have; waits for them. */
  private static boolean isAnswered(@Nullable ScriptedCall call) throws InterruptedException {
    if (call == null) {
      return false;
    }
    call.awaitWritten();
    return call.isTerminated();
  }

  /** Plays the script; null when it ended as a crash does. */
  private @Nullable ScriptedCall play(ConsumerRecord<String, byte[]> record, Duration waited)
      throws InterruptedException {
    boolean json = RecordCodec.isJson(text(record, Headers.CONTENT_TYPE));
    GenerationJob job;
    try {
      job = RecordCodec.decode(record.value(), json, GenerationJob.newBuilder()).build();
    } catch (MalformedRecordException e) {
      throw new IllegalStateException("a request that is none", e);
    }
    taken.add(job);
    String id = job.getRequestId().isEmpty() ? record.key() : job.getRequestId();
    String partition = text(record, Headers.REPLY_PARTITION);
    ScriptedCall call =
        new ScriptedCall(
            job,
            id,
            record.deliveryCount().orElse((short) 1),
            new ReplyAddress(
                text(record, Headers.REPLY_TOPIC),
                partition == null ? null : Integer.valueOf(partition),
                text(record, Headers.REPLY_INSTANCE),
                json),
            producer,
            this::isCancelled,
            waited);
    try {
      script.play(call);
    } catch (ScriptedCall.Crash e) {
      return null;
    }
    return call;
  }

  private boolean isCancelled(String requestId) {
    for (byte[] value : control.values(requestId)) {
      try {
        if (RecordCodec.decode(value, false, GenerationControl.newBuilder()).hasCancel()) {
          return true;
        }
      } catch (MalformedRecordException e) {
        throw new IllegalStateException("a control record that is none", e);
      }
    }
    return false;
  }

  private static @Nullable String text(ConsumerRecord<String, byte[]> record, String name) {
    Header header = record.headers().lastHeader(name);
    return header == null ? null : new String(header.value(), StandardCharsets.UTF_8);
  }

  /** Stops all slots; a request that a slot holds goes back to the group. */
  @Override
  public void close() {
    closing = true;
    consumers.forEach(KafkaShareConsumer::wakeup);
    slots.forEach(Thread::interrupt);
    try {
      for (Thread slot : slots) {
        slot.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    control.close();
    producer.close();
    if (!failures.isEmpty()) {
      throw new AssertionError("a scripted slot failed", failures.iterator().next());
    }
  }
}
