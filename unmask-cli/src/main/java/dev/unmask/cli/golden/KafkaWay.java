package dev.unmask.cli.golden;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.CliException;
import dev.unmask.kafka.KafkaAccess;
import dev.unmask.kafka.KafkaTrouble;
import dev.unmask.proto.Headers;
import dev.unmask.proto.MalformedRecordException;
import dev.unmask.proto.MinReader;
import dev.unmask.proto.RecordCodec;
import dev.unmask.proto.Topics;
import dev.unmask.v1.EventDetail;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.GenerationJob;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.jspecify.annotations.Nullable;

/** Asks the cases with a Kafka client and nothing else, as a workflow does. */
final class KafkaWay {

  private static final String NAME = "kafka";
  private static final Duration SENDING = Duration.ofSeconds(30);

  /** Longest silence before the cases that are left count as not answered. */
  private static final Duration SILENCE = Duration.ofMinutes(10);

  private final KafkaAccess kafka;
  private final String base;
  private final String replies = Topics.REPLY_PREFIX + "golden-" + UUID.randomUUID();

  KafkaWay(KafkaAccess kafka, String base) {
    this.kafka = kafka;
    this.base = base;
  }

  /** The answers' lines, in the order of the cases. Blocks. */
  List<ObjectNode> ask(List<ClusterCase> cases) throws InterruptedException {
    try {
      createReplyTopic();
      Map<String, ClusterCase> waiting = send(cases);
      return await(waiting);
    } catch (KafkaException | ExecutionException | TimeoutException e) {
      throw new CliException(KafkaTrouble.of(kafka, e).sentence(), e);
    }
  }

  private void createReplyTopic()
      throws InterruptedException, ExecutionException, TimeoutException {
    try (Admin admin = Admin.create(kafka.properties())) {
      var unused =
          admin
              .createTopics(List.of(new NewTopic(replies, 1, (short) 1)))
              .all()
              .get(SENDING.toSeconds(), TimeUnit.SECONDS);
    }
  }

  private Map<String, ClusterCase> send(List<ClusterCase> cases)
      throws InterruptedException, ExecutionException, TimeoutException {
    Map<String, ClusterCase> sent = new LinkedHashMap<>();
    Map<String, Object> config = kafka.properties();
    config.put(ProducerConfig.ACKS_CONFIG, "all");
    try (KafkaProducer<String, byte[]> producer =
        new KafkaProducer<>(config, new StringSerializer(), new ByteArraySerializer())) {
      for (ClusterCase c : cases) {
        String id = "golden-" + UUID.randomUUID();
        sent.put(id, c);
        ProducerRecord<String, byte[]> request =
            new ProducerRecord<>(
                Topics.interactiveRequests(base), id, RecordCodec.encode(job(id, c), false));
        var unusedHeaders =
            request
                .headers()
                .add(Headers.CONTENT_TYPE, Headers.PROTOBUF.getBytes(StandardCharsets.UTF_8))
                .add(Headers.REPLY_TOPIC, replies.getBytes(StandardCharsets.UTF_8));
        var unused = producer.send(request).get(SENDING.toSeconds(), TimeUnit.SECONDS);
      }
    }
    return sent;
  }

  private static GenerationJob job(String id, ClusterCase c) {
    GenerationJob.Builder job =
        GenerationJob.newBuilder()
            .setRequestId(id)
            .setAdmittedAtMs(System.currentTimeMillis())
            .setEvents(EventDetail.EVENT_DETAIL_FINAL);
    if (c.generate() != null) {
      job.setRequest(c.generate());
    } else if (c.score() != null) {
      job.setScore(c.score());
    }
    return job.setMinReader(MinReader.of(job)).build();
  }

  private List<ObjectNode> await(Map<String, ClusterCase> waiting) {
    Map<String, ObjectNode> answers = new LinkedHashMap<>();
    waiting.forEach((id, c) -> answers.put(id, c.error(NAME, "no answer came")));
    Map<String, ClusterCase> open = new LinkedHashMap<>(waiting);
    try (KafkaConsumer<String, byte[]> consumer =
        new KafkaConsumer<>(
            kafka.properties(), new StringDeserializer(), new ByteArrayDeserializer())) {
      TopicPartition partition = new TopicPartition(replies, 0);
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      long end = System.nanoTime() + SILENCE.toNanos();
      while (!open.isEmpty() && System.nanoTime() < end) {
        for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofMillis(500))) {
          ClusterCase c = open.get(record.key());
          ObjectNode answer = c == null ? null : terminal(c, record.value());
          if (answer != null) {
            answers.put(record.key(), answer);
            open.remove(record.key());
            end = System.nanoTime() + SILENCE.toNanos();
          }
        }
      }
    }
    return new ArrayList<>(answers.values());
  }

  private static @Nullable ObjectNode terminal(ClusterCase c, byte[] value) {
    GenerationEvent event;
    try {
      event = RecordCodec.decode(value, false, GenerationEvent.newBuilder()).build();
    } catch (MalformedRecordException e) {
      return c.error(NAME, String.valueOf(e.getMessage()));
    }
    return switch (event.getEventCase()) {
      case FINAL -> c.answer(NAME, event.getFinal());
      case SCORED -> c.answer(NAME, event.getScored());
      case FAILED -> c.error(NAME, event.getFailed().getMessage());
      case STARTED, STEP, TEXT, RESTARTED, EVENT_NOT_SET -> null;
    };
  }
}
