package dev.unmask.e2e.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.proto.Headers;
import dev.unmask.proto.MinReader;
import dev.unmask.proto.Topics;
import dev.unmask.testkit.TestKafka;
import dev.unmask.testkit.TopicLog;
import dev.unmask.v1.DeadLetter;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.EventDetail;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.GenerateStreamRequest;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.GenerationJob;
import dev.unmask.v1.StreamMode;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(ClusterExtension.class)
final class WorkerDeathIT {

  /** Enough steps that a worker can be killed between the first and the last. */
  private static final int LONG = 384;

  private final Cluster cluster;

  WorkerDeathIT(Cluster cluster) {
    this.cluster = cluster;
  }

  @Test
  void aCallerWhoseWorkerIsKilledGetsOneCompleteAnswerFromAnother() throws Exception {
    GenerateRequest request = Requests.question("Tell me a story", LONG);
    String undisturbed = cluster.generation().generate(request).getText();
    try (TopicLog results = cluster.kafka().follow(Topics.RESULTS)) {
      Iterator<GenerationEvent> stream =
          cluster
              .generation()
              .generateStream(
                  GenerateStreamRequest.newBuilder()
                      .setRequest(request)
                      .setMode(StreamMode.STREAM_MODE_STEP_DELTA)
                      .build());
      List<GenerationEvent> events = new ArrayList<>();
      String killed = "";
      while (stream.hasNext()) {
        GenerationEvent event = stream.next();
        events.add(event);
        if (killed.isEmpty() && event.hasStep()) {
          killed = event.getWorker();
          cluster.kill(killed);
        }
      }
      List<GenerationEvent> ends = events.stream().filter(GenerationEvent::hasFinal).toList();
      assertThat(ends).hasSize(1);
      assertThat(events.getLast().hasFinal()).isTrue();
      GenerateResponse answer = events.getLast().getFinal();
      // Usually 2. The broker may hand the record to the one connection of the killed process that
      // waited for a request, before it has seen that one close as well, and counts that.
      assertThat(answer.getAttempt()).isBetween(2, 3);
      assertThat(answer.getWorker()).isNotEqualTo(killed);
      assertThat(answer.getText()).isEqualTo(undisturbed);
      String id = answer.getRequestId();
      assertThat(results.awaitValues(id, 1, Cluster.PATIENCE)).hasSize(1);
    }
    cluster.awaitWhole();
    assertThat(cluster.said()).as("up says what happened").contains("sampler-");
  }

  @Test
  void aRequestThatKillsEveryWorkerItMeetsEndsInTheDeadLetters() throws Exception {
    TestKafka kafka = cluster.kafka();
    String replies = Topics.REPLY_PREFIX + "e2e-" + UUID.randomUUID();
    kafka.createTopic(replies, 1);
    String id = UUID.randomUUID().toString();
    GenerationJob job =
        GenerationJob.newBuilder()
            .setMinReader(MinReader.ANY)
            .setRequestId(id)
            .setRequest(Requests.question("Poison", LONG))
            .setEvents(EventDetail.EVENT_DETAIL_BLOCK)
            .build();
    try (TopicLog answers = kafka.follow(replies);
        TopicLog letters = kafka.follow(Topics.DEAD_LETTERS);
        TopicLog results = kafka.follow(Topics.RESULTS)) {
      Requests.send(
          kafka,
          Topics.interactiveRequests(Cluster.MODEL),
          id,
          job.toByteArray(),
          Map.of(Headers.REPLY_TOPIC, replies));
      // At most three times: a delivery to a connection of a process that was just killed counts
      // as well, although nobody starts it.
      for (int starts = 1; starts <= 3; starts++) {
        int wanted = starts;
        var news =
            answers.await(
                wanted,
                r -> Requests.event(r).hasStarted() || Requests.isTerminal(r),
                Cluster.PATIENCE);
        GenerationEvent last = Requests.event(news.getLast());
        if (!last.hasStarted()) {
          break;
        }
        cluster.kill(last.getWorker());
      }
      var end = answers.await(1, Requests::isTerminal, Cluster.PATIENCE);
      GenerationEvent failed = Requests.event(end.getFirst());
      assertThat(failed.getFailed().getCode()).isEqualTo(ErrorCode.ERROR_CODE_INTERNAL);
      assertThat(failed.getFailed().getMessage()).contains("no worker finished it");
      assertThat(failed.getAttempt()).isGreaterThanOrEqualTo(4);
      DeadLetter letter =
          DeadLetter.parseFrom(letters.awaitValues(id, 1, Cluster.PATIENCE).getFirst());
      assertThat(letter.getDeliveries()).isGreaterThanOrEqualTo(4);
      assertThat(letter.getRecordValue()).isEqualTo(job.toByteString());
      assertThat(results.awaitValues(id, 1, Cluster.PATIENCE)).hasSize(1);
      cluster.awaitWhole();
      assertThat(answers.records().stream().filter(Requests::isTerminal)).hasSize(1);
      assertThat(answers.records().stream().filter(r -> Requests.event(r).hasStarted()))
          .hasSizeBetween(2, 3);
    }
  }
}
