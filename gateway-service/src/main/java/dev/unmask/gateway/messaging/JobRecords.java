package dev.unmask.gateway.messaging;

import dev.unmask.proto.MalformedRecordException;
import dev.unmask.proto.RecordCodec;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.JobRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Records about jobs. */
final class JobRecords {

  private JobRecords() {}

  static JobRecord asked(ConsumerRecord<byte[], byte[]> record) throws MalformedRecordException {
    return RecordCodec.decode(record.value(), RecordHeaders.isJson(record), JobRecord.newBuilder())
        .build();
  }

  static GenerationEvent event(ConsumerRecord<byte[], byte[]> record)
      throws MalformedRecordException {
    return RecordCodec.decode(
            record.value(), RecordHeaders.isJson(record), GenerationEvent.newBuilder())
        .build();
  }
}
