package dev.unmask.testkit;

import dev.unmask.proto.Headers;
import dev.unmask.proto.RecordCodec;
import dev.unmask.v1.GenerationEvent;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/** Where a request wants its events, and in which form. */
record ReplyAddress(
    @Nullable String topic, @Nullable Integer partition, @Nullable String instance, boolean json) {

  /** The record for the reply topic; null when the request names none. */
  @Nullable ProducerRecord<String, byte[]> reply(GenerationEvent event) {
    if (topic == null) {
      return null;
    }
    ProducerRecord<String, byte[]> record =
        new ProducerRecord<>(
            topic, partition, event.getRequestId(), RecordCodec.encode(event, json));
    if (instance != null) {
      header(record, Headers.REPLY_INSTANCE, instance);
    }
    header(record, Headers.CONTENT_TYPE, json ? Headers.JSON : Headers.PROTOBUF);
    return record;
  }

  private static void header(ProducerRecord<String, byte[]> record, String name, String value) {
    var unused = record.headers().add(name, value.getBytes(StandardCharsets.UTF_8));
  }
}
