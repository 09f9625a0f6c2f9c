package dev.unmask.gateway.messaging;

import dev.unmask.proto.Headers;
import dev.unmask.proto.RecordCodec;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/** Reads the text headers of a record. */
final class RecordHeaders {

  private RecordHeaders() {}

  static @Nullable String text(ConsumerRecord<?, ?> record, String name) {
    Header header = record.headers().lastHeader(name);
    return header == null || header.value() == null
        ? null
        : new String(header.value(), StandardCharsets.UTF_8);
  }

  static boolean isJson(ConsumerRecord<?, ?> record) {
    return RecordCodec.isJson(text(record, Headers.CONTENT_TYPE));
  }
}
