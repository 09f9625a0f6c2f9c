package dev.unmask.e2e.cluster;

import dev.unmask.proto.Headers;
import dev.unmask.proto.MalformedRecordException;
import dev.unmask.proto.RecordCodec;
import dev.unmask.testkit.TestKafka;
import dev.unmask.v1.DiffusionParams;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.Message;
import dev.unmask.v1.Messages;
import dev.unmask.v1.SamplingParams;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;

/** Requests that the tests make, over the API and over Kafka. */
final class Requests {

  private Requests() {}

  /** A question with a fixed seed whose canvas takes one step a slot. */
  static GenerateRequest question(String text, int slots) {
    return GenerateRequest.newBuilder()
        .setMessages(
            Messages.newBuilder()
                .addMessages(Message.newBuilder().setRole("user").setContent(text)))
        .setDiffusion(
            DiffusionParams.newBuilder().setGenLength(slots).setBlockLength(slots).setSteps(slots))
        .setSampling(SamplingParams.newBuilder().setSeed(5))
        .setDeadlineMs(Cluster.PATIENCE.toMillis())
        .build();
  }

  static void send(
      TestKafka kafka, String topic, String key, byte[] value, Map<String, String> headers)
      throws Exception {
    ProducerRecord<String, byte[]> record = new ProducerRecord<>(topic, key, value);
    headers.forEach((name, text) -> {
      var unused = record.headers().add(name, text.getBytes(StandardCharsets.UTF_8));
    });
    try (KafkaProducer<String, byte[]> producer = kafka.newProducer()) {
      var unused = producer.send(record).get(60, TimeUnit.SECONDS);
    }
  }

  /** The event in a record, in the form that its header names. */
  static GenerationEvent event(ConsumerRecord<String, byte[]> record) {
    try {
      return RecordCodec.decode(record.value(), isJson(record), GenerationEvent.newBuilder())
          .build();
    } catch (MalformedRecordException e) {
      throw new AssertionError(e);
    }
  }

  static boolean isJson(ConsumerRecord<String, byte[]> record) {
    Header type = record.headers().lastHeader(Headers.CONTENT_TYPE);
    return type != null && RecordCodec.isJson(new String(type.value(), StandardCharsets.UTF_8));
  }

  static boolean isTerminal(ConsumerRecord<String, byte[]> record) {
    GenerationEvent event = event(record);
    return event.hasFinal() || event.hasScored() || event.hasFailed();
  }
}
