package dev.unmask.sampler.intake;

import dev.unmask.model.engine.Priority;
import dev.unmask.proto.Headers;
import dev.unmask.proto.MalformedRecordException;
import dev.unmask.proto.RecordCodec;
import dev.unmask.proto.Topics;
import dev.unmask.sampler.events.ReplyAddress;
import dev.unmask.sampler.schedule.RequestedJob;
import dev.unmask.sampler.schedule.Wanted;
import dev.unmask.store.Digest;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.GenerationJob;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.OptionalInt;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/** Turns a record of a request topic into a request, or says what is wrong with it. Thread-safe. */
final class RequestReader {

  /** The broker archives a record at its tenth delivery without a word; see TopicPlan. */
  private static final int BROKER_LIMIT = 10;

  private final ReplyTopics replyTopics;
  private final String bulkTopic;
  private final int lastDelivery;

  /**
   * @param bulkTopic the topic whose requests nobody waits for
   * @param lastDelivery the delivery of a request that is not run any more
   * @throws IllegalArgumentException with a sentence when the broker would drop the request first
   */
  RequestReader(ReplyTopics replyTopics, String bulkTopic, int lastDelivery) {
    if (lastDelivery < 2 || lastDelivery > BROKER_LIMIT) {
      throw new IllegalArgumentException(
          "unmask.sampler.last-delivery is "
              + lastDelivery
              + "; it has to be from 2 to "
              + BROKER_LIMIT
              + ", the broker's own limit");
    }
    this.replyTopics = replyTopics;
    this.bulkTopic = bulkTopic;
    this.lastDelivery = lastDelivery;
  }

  /**
   * @param waited how long the record lay in its topic because this worker had no room for it
   * @throws org.apache.kafka.common.KafkaException when the broker could not be asked about the
   *     reply topic
   */
  ReadRequest read(ConsumerRecord<@Nullable String, byte @Nullable []> taken, Duration waited) {
    boolean json = RecordCodec.isJson(header(taken, Headers.CONTENT_TYPE));
    int attempt = attempt(taken);
    String badReply = null;
    ReplyAddress reply;
    try {
      reply = address(taken, json);
    } catch (UnusableAddressException e) {
      badReply = String.valueOf(e.getMessage());
      reply = ReplyAddress.nowhere(json);
    }
    GenerationJob job;
    try {
      byte[] value = taken.value();
      if (value == null) {
        throw new MalformedRecordException("the record has no value", new NullPointerException());
      }
      job = RecordCodec.decode(value, json, GenerationJob.newBuilder()).build();
    } catch (MalformedRecordException e) {
      return new ReadRequest.Poison(
          blankToNull(taken.key()),
          reply,
          ErrorCode.ERROR_CODE_INVALID_ARGUMENT,
          "malformed",
          String.valueOf(e.getMessage()));
    }
    String requestId = job.getRequestId().isBlank() ? blankToNull(taken.key()) : job.getRequestId();
    if (requestId == null) {
      return new ReadRequest.Poison(
          null,
          reply,
          ErrorCode.ERROR_CODE_INVALID_ARGUMENT,
          "no-request-id",
          "the request has no id: set request_id or the record's key");
    }
    if (badReply != null) {
      return new ReadRequest.Poison(
          requestId, reply, ErrorCode.ERROR_CODE_INVALID_ARGUMENT, "bad-reply-topic", badReply);
    }
    if (attempt >= lastDelivery) {
      return new ReadRequest.Poison(
          requestId,
          reply,
          ErrorCode.ERROR_CODE_INTERNAL,
          "too-many-deliveries",
          "the request was handed out "
              + (attempt - 1)
              + " times and no worker finished it; it is not tried again");
    }
    if (job.getMinReader() > RecordCodec.READER_VERSION) {
      return new ReadRequest.TooNew(requestId, job.getMinReader());
    }
    return runnable(taken, waited, job, requestId, attempt, reply);
  }

  static int attempt(ConsumerRecord<?, ?> taken) {
    return taken.deliveryCount().map(Short::intValue).orElse(1);
  }

  static @Nullable String header(ConsumerRecord<?, ?> taken, String name) {
    Header found = taken.headers().lastHeader(name);
    return found == null || found.value() == null
        ? null
        : new String(found.value(), StandardCharsets.UTF_8);
  }

  private ReadRequest runnable(
      ConsumerRecord<?, ?> taken,
      Duration waited,
      GenerationJob job,
      String requestId,
      int attempt,
      ReplyAddress reply) {
    if (job.hasScore() && job.hasRequest()) {
      return new ReadRequest.Refused(
          requestId,
          reply,
          ErrorCode.ERROR_CODE_INVALID_ARGUMENT,
          "score",
          "the record holds a request to generate and one to score; exactly one of them must be"
              + " set");
    }
    Digest pinned = null;
    if (!job.getModelDigest().isEmpty()) {
      try {
        pinned = Digest.parse(job.getModelDigest());
      } catch (IllegalArgumentException e) {
        return new ReadRequest.Refused(
            requestId,
            reply,
            ErrorCode.ERROR_CODE_INVALID_ARGUMENT,
            "model_digest",
            String.valueOf(e.getMessage()));
      }
    }
    Instant admitted =
        Instant.ofEpochMilli(
            job.getAdmittedAtMs() > 0 ? job.getAdmittedAtMs() : Math.max(0, taken.timestamp()));
    Instant deadline =
        job.getDeadlineAtMs() > 0
            ? Instant.ofEpochMilli(job.getDeadlineAtMs())
            : ownDeadline(job, admitted);
    return new ReadRequest.Runs(
        new RequestedJob(
            requestId,
            job.getTenant(),
            attempt,
            wanted(job),
            pinned,
            taken.topic().equals(bulkTopic) ? Priority.BULK : Priority.INTERACTIVE,
            deadline,
            admitted,
            waited,
            job.getEvents()),
        reply);
  }

  private static Wanted wanted(GenerationJob job) {
    return job.hasScore() ? new Wanted.Score(job.getScore()) : new Wanted.Answer(job.getRequest());
  }

  private static Instant ownDeadline(GenerationJob job, Instant admitted) {
    if (job.hasScore()) {
      return job.getScore().hasDeadlineMs()
          ? admitted.plusMillis(job.getScore().getDeadlineMs())
          : Instant.MAX;
    }
    return job.getRequest().hasDeadlineMs()
        ? admitted.plusMillis(job.getRequest().getDeadlineMs())
        : Instant.MAX;
  }

  private ReplyAddress address(ConsumerRecord<?, ?> taken, boolean json)
      throws UnusableAddressException {
    String topic = header(taken, Headers.REPLY_TOPIC);
    if (topic == null || !topic.startsWith(Topics.REPLY_PREFIX)) {
      throw new UnusableAddressException(
          (topic == null ? "there is no header " : "'" + topic + "' is not allowed in the header ")
              + Headers.REPLY_TOPIC
              + "; it has to name a topic that begins with "
              + Topics.REPLY_PREFIX);
    }
    OptionalInt partitions = replyTopics.partitions(topic);
    if (partitions.isEmpty()) {
      throw new UnusableAddressException("the reply topic '" + topic + "' does not exist");
    }
    return new ReplyAddress(
        topic,
        partition(header(taken, Headers.REPLY_PARTITION), topic, partitions.getAsInt()),
        header(taken, Headers.REPLY_INSTANCE),
        null,
        json);
  }

  private static @Nullable Integer partition(@Nullable String asked, String topic, int partitions)
      throws UnusableAddressException {
    if (asked == null) {
      return null;
    }
    try {
      int partition = Integer.parseInt(asked);
      if (partition >= 0 && partition < partitions) {
        return partition;
      }
    } catch (NumberFormatException e) {
      throw new UnusableAddressException(
          "'" + asked + "' in the header " + Headers.REPLY_PARTITION + " is not a number");
    }
    throw new UnusableAddressException(
        "the reply topic '" + topic + "' has no partition " + asked + ", only " + partitions);
  }

  private static @Nullable String blankToNull(@Nullable String text) {
    return text == null || text.isBlank() ? null : text;
  }

  private static final class UnusableAddressException extends Exception {
    UnusableAddressException(String message) {
      super(message);
    }
  }
}
