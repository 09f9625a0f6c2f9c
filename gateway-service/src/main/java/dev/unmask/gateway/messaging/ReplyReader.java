package dev.unmask.gateway.messaging;

import dev.unmask.gateway.flow.GenerationCall;
import dev.unmask.gateway.flow.PendingCalls;
import dev.unmask.proto.Headers;
import dev.unmask.proto.MalformedRecordException;
import dev.unmask.proto.RecordCodec;
import dev.unmask.proto.Topics;
import dev.unmask.tracing.TraceSpan;
import dev.unmask.tracing.Tracing;
import dev.unmask.v1.GenerationEvent;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Reads this instance's reply partition and hands each event to the call that waits for it. It
 * begins at the partition's end: what was written before this instance lived is for nobody here.
 */
public final class ReplyReader extends ReaderThread {

  private static final Logger LOG = Logger.getLogger(ReplyReader.class);

  private final String instance;
  private final PendingCalls pending;
  private final Runnable lateEvent;
  private final Tracing tracing;
  private volatile @Nullable ReplyAddress address;
  private long nextOffset = -1;

  /**
   * @param lateEvent hears of an event for this instance that nobody waits for any more
   */
  public ReplyReader(
      KafkaSettings settings, PendingCalls pending, Runnable lateEvent, Tracing tracing) {
    super(settings, "reply-reader");
    this.instance = settings.instance();
    this.pending = pending;
    this.lateEvent = lateEvent;
    this.tracing = tracing;
  }

  /** Where answers to this instance go; null until replies can be received. Any thread. */
  public @Nullable ReplyAddress address() {
    return address;
  }

  @Override
  void connect(Consumer<byte[], byte[]> consumer) {
    List<PartitionInfo> partitions = consumer.partitionsFor(Topics.GATEWAY_REPLIES, REACH);
    if (partitions == null || partitions.isEmpty()) {
      throw new KafkaException("the topic " + Topics.GATEWAY_REPLIES + " does not exist yet");
    }
    ReplyAddress own = ReplyAddress.of(Topics.GATEWAY_REPLIES, partitions.size(), instance);
    TopicPartition partition = new TopicPartition(own.topic(), own.partition());
    consumer.assign(List.of(partition));
    if (nextOffset < 0) {
      consumer.seekToEnd(List.of(partition));
      nextOffset = consumer.position(partition, REACH);
    }
    consumer.seek(partition, nextOffset);
    address = own;
    LOG.infof(
        "event=replies.ready topic=%s partition=%d offset=%d instance=%s",
        own.topic(), own.partition(), nextOffset, instance);
  }

  @Override
  void round(Consumer<byte[], byte[]> consumer) {
    for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
      nextOffset = record.offset() + 1;
      take(record);
    }
  }

  @Override
  void disconnected() {
    // The address stays: answers wait in the partition until this reader is back.
  }

  /** Only of an end: a span of each event would be more than the events. */
  private TraceSpan way(ConsumerRecord<byte[], byte[]> record, GenerationEvent event) {
    String traceparent =
        event.hasFinal() || event.hasScored() || event.hasFailed()
            ? RecordHeaders.text(record, Headers.TRACEPARENT)
            : null;
    return traceparent == null
        ? TraceSpan.NONE
        : tracing.begin("answer", TraceSpan.Kind.CONSUMER, traceparent);
  }

  private void take(ConsumerRecord<byte[], byte[]> record) {
    String meant = RecordHeaders.text(record, Headers.REPLY_INSTANCE);
    if (meant != null && !meant.equals(instance)) {
      return;
    }
    if (record.key() == null || record.value() == null) {
      return;
    }
    String id = new String(record.key(), StandardCharsets.UTF_8);
    Optional<GenerationCall> call = pending.find(id);
    if (call.isEmpty()) {
      if (meant != null) {
        lateEvent.run();
        LOG.debugf("event=reply.late request_id=%s", id);
      }
      return;
    }
    try {
      GenerationEvent event =
          RecordCodec.decode(
                  record.value(), RecordHeaders.isJson(record), GenerationEvent.newBuilder())
              .build();
      call.get().deliver(event, way(record, event));
    } catch (MalformedRecordException e) {
      LOG.warnf("event=reply.malformed request_id=%s cause=\"%s\"", id, e.getMessage());
    }
  }
}
