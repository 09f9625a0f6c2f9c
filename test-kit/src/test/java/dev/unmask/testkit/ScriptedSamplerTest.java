package dev.unmask.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.proto.Headers;
import dev.unmask.proto.RecordCodec;
import dev.unmask.proto.Topics;
import dev.unmask.v1.CancelGeneration;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.EventDetail;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerationControl;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.GenerationJob;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(KafkaExtension.class)
@Timeout(value = 120, unit = TimeUnit.SECONDS)
final class ScriptedSamplerTest {

  private static final Duration SOON = Duration.ofSeconds(60);

  private final TestKafka kafka;
  private final String replies = Topics.REPLY_PREFIX + "test-" + UUID.randomUUID();
  private String base = "";

  ScriptedSamplerTest(TestKafka kafka) {
    this.kafka = kafka;
  }

  @BeforeEach
  void topics() {
    base = kafka.newBase();
    kafka.createTopic(replies, 2);
  }

  private String ask(boolean json) {
    String id = UUID.randomUUID().toString();
    GenerationJob job =
        GenerationJob.newBuilder()
            .setRequestId(id)
            .setRequest(GenerateRequest.newBuilder().setPrompt("Hi").setModel("m"))
            .setEvents(EventDetail.EVENT_DETAIL_BLOCK)
            .build();
    ProducerRecord<String, byte[]> record =
        new ProducerRecord<>(Topics.interactiveRequests(base), id, RecordCodec.encode(job, json));
    var unused =
        record
            .headers()
            .add(Headers.REPLY_TOPIC, replies.getBytes(StandardCharsets.UTF_8))
            .add(Headers.REPLY_PARTITION, "1".getBytes(StandardCharsets.UTF_8));
    if (json) {
      unused.add(Headers.CONTENT_TYPE, Headers.JSON.getBytes(StandardCharsets.UTF_8));
    }
    try (KafkaProducer<String, byte[]> producer = kafka.newProducer()) {
      PublishedModel.send(producer, record);
    }
    return id;
  }

  private static List<GenerationEvent> decode(List<byte[]> values, boolean json) throws Exception {
    List<GenerationEvent> events = new ArrayList<>();
    for (byte[] value : values) {
      events.add(RecordCodec.decode(value, json, GenerationEvent.newBuilder()).build());
    }
    return events;
  }

  @Test
  void aRequestIsAnsweredInItsFormOnItsPartitionAndInTheResults() throws Exception {
    try (TopicLog answers = kafka.follow(replies);
        TopicLog results = kafka.follow(Topics.RESULTS);
        ScriptedSampler sampler =
            ScriptedSampler.start(
                kafka.bootstrap(), base, 2, ScriptedSampler.answering("Good day"))) {
      for (boolean json : new boolean[] {false, true}) {
        String id = ask(json);
        List<GenerationEvent> events = decode(answers.awaitValues(id, 3, SOON), json);
        assertThat(events)
            .extracting(e -> e.getEventCase().name())
            .containsExactly("STARTED", "TEXT", "FINAL");
        assertThat(events).extracting(GenerationEvent::getSeq).containsExactly(0L, 1L, 2L);
        assertThat(events.get(2).getFinal().getText()).isEqualTo("Good day");
        assertThat(decode(results.awaitValues(id, 1, SOON), false).get(0).hasFinal()).isTrue();
      }
      assertThat(answers.records()).allMatch(r -> r.partition() == 1);
      assertThat(sampler.taken()).hasSize(2);
    }
  }

  @Test
  void aSlotThatTakesWhatWaitsAnswersAndAcceptsEachOnce() throws Exception {
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      ids.add(ask(false));
    }
    try (TopicLog answers = kafka.follow(replies);
        TopicLog results = kafka.follow(Topics.RESULTS);
        ScriptedSampler sampler =
            ScriptedSampler.start(
                kafka.bootstrap(),
                base,
                1,
                4,
                call -> {
                  call.started();
                  if (call.requestId().equals(ids.get(1)) && call.attempt() == 1) {
                    throw call.crash();
                  }
                  call.finishSoon("Good day");
                })) {
      for (String id : ids) {
        int starts = id.equals(ids.get(1)) ? 2 : 1;
        List<GenerationEvent> events = decode(answers.awaitValues(id, starts + 1, SOON), false);
        assertThat(events.getLast().getFinal().getText()).isEqualTo("Good day");
        assertThat(decode(results.awaitValues(id, 1, SOON), false)).hasSize(1);
      }
      assertThat(sampler.taken()).hasSize(6);
    }
  }

  @Test
  void aCrashedScriptIsPlayedAgainAsTheSecondAttempt() throws Exception {
    try (TopicLog answers = kafka.follow(replies);
        ScriptedSampler sampler =
            ScriptedSampler.start(
                kafka.bootstrap(),
                base,
                1,
                call -> {
                  call.text(0, "try " + call.attempt());
                  if (call.attempt() == 1) {
                    throw call.crash();
                  }
                  call.fail(ErrorCode.ERROR_CODE_INTERNAL, "twice is enough");
                  call.repeat();
                })) {
      List<GenerationEvent> events = decode(answers.awaitValues(ask(false), 4, SOON), false);
      assertThat(events).extracting(GenerationEvent::getAttempt).containsExactly(1, 2, 2, 2);
      assertThat(events.get(2).getFailed().getMessage()).isEqualTo("twice is enough");
      assertThat(events.get(3)).isEqualTo(events.get(2));
      assertThat(sampler.taken()).hasSize(2);
    }
  }

  @Test
  void aScriptCanWaitForItsCancel() throws Exception {
    try (TopicLog answers = kafka.follow(replies);
        KafkaProducer<String, byte[]> producer = kafka.newProducer();
        ScriptedSampler sampler =
            ScriptedSampler.start(
                kafka.bootstrap(),
                base,
                1,
                call -> {
                  call.started();
                  call.fail(
                      call.awaitCancel(SOON)
                          ? ErrorCode.ERROR_CODE_CANCELLED
                          : ErrorCode.ERROR_CODE_INTERNAL,
                      "over");
                })) {
      String id = ask(false);
      assertThat(answers.awaitValues(id, 1, SOON)).hasSize(1);
      PublishedModel.send(
          producer,
          Topics.CONTROL,
          id,
          GenerationControl.newBuilder()
              .setRequestId(id)
              .setCancel(CancelGeneration.getDefaultInstance())
              .build()
              .toByteArray());
      assertThat(decode(answers.awaitValues(id, 2, SOON), false).get(1).getFailed().getCode())
          .isEqualTo(ErrorCode.ERROR_CODE_CANCELLED);
      assertThat(sampler.taken()).hasSize(1);
    }
  }

  @Test
  void aScriptThatIsInterruptedByTheEndIsNoFailure() throws Exception {
    CountDownLatch playing = new CountDownLatch(1);
    try (ScriptedSampler sampler =
        ScriptedSampler.start(
            kafka.bootstrap(),
            base,
            1,
            call -> {
              playing.countDown();
              try {
                call.pause(SOON);
              } catch (InterruptedException e) {
                // As a send does that waits for the broker.
                throw new IllegalStateException("interrupted", e);
              }
            })) {
      ask(false);
      assertThat(playing.await(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
      assertThat(sampler.taken()).hasSize(1);
    }
  }
}
