package dev.unmask.e2e.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.proto.Headers;
import dev.unmask.proto.Topics;
import dev.unmask.testkit.TestKafka;
import dev.unmask.testkit.TopicLog;
import dev.unmask.v1.DeadLetter;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.GenerationEvent;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A workflow that has nothing but a Kafka client. */
@ExtendWith(ClusterExtension.class)
final class KafkaRequestIT {

  private final TestKafka kafka;
  private final String replies = Topics.REPLY_PREFIX + "e2e-" + UUID.randomUUID();

  KafkaRequestIT(Cluster cluster) {
    this.kafka = cluster.kafka();
    kafka.createTopic(replies, 1);
  }

  private void send(String id, String json, String replyTopic) throws Exception {
    Requests.send(
        kafka,
        Topics.bulkRequests(Cluster.MODEL),
        id,
        json.getBytes(StandardCharsets.UTF_8),
        Map.of(Headers.CONTENT_TYPE, Headers.JSON, Headers.REPLY_TOPIC, replyTopic));
  }

  @Test
  void aJsonRecordIsAnsweredInJsonOnTheTopicItNames() throws Exception {
    try (TopicLog answers = kafka.follow(replies);
        TopicLog results = kafka.follow(Topics.RESULTS)) {
      String id = UUID.randomUUID().toString();
      send(
          id,
          """
          {"request": {"prompt": "Good morning", "sampling": {"seed": "5"},
           "diffusion": {"genLength": 16, "blockLength": 16, "steps": 8}}}
          """,
          replies);
      var reply =
          answers
              .await(1, r -> id.equals(r.key()) && Requests.isTerminal(r), Cluster.PATIENCE)
              .getFirst();
      assertThat(Requests.isJson(reply)).isTrue();
      assertThat(new String(reply.value(), StandardCharsets.UTF_8)).startsWith("{");
      GenerationEvent event = Requests.event(reply);
      assertThat(event.getRequestId()).isEqualTo(id);
      assertThat(event.getFinal().getText()).hasSize(16);
      assertThat(event.getFinal().getUsage().getDenoisingSteps()).isEqualTo(8);
      assertThat(event.getFinal().getModelDigest()).startsWith("sha256:");
      var kept = results.await(1, r -> id.equals(r.key()), Cluster.PATIENCE);
      assertThat(Requests.event(kept.getFirst()).getFinal().getText())
          .isEqualTo(event.getFinal().getText());
      assertThat(answers.records())
          .as("no progress was asked for")
          .noneMatch(r -> Requests.event(r).hasStep() || Requests.event(r).hasText());
    }
  }

  @Test
  void aBadRequestIsAnsweredWithItsFieldAndASentence() throws Exception {
    try (TopicLog answers = kafka.follow(replies)) {
      String id = UUID.randomUUID().toString();
      send(
          id,
          "{\"request\": {\"prompt\": \"x\", \"diffusion\": {\"genLength\": 16, \"blockLength\": 5}}}",
          replies);
      var reply = answers.await(1, r -> id.equals(r.key()), Cluster.PATIENCE).getFirst();
      GenerationEvent event = Requests.event(reply);
      assertThat(event.getFailed().getCode()).isEqualTo(ErrorCode.ERROR_CODE_INVALID_ARGUMENT);
      assertThat(event.getFailed().getField()).containsIgnoringCase("length");
      assertThat(event.getFailed().getMessage()).contains("16").doesNotContain("Exception");
    }
  }

  @Test
  void whatCannotBeReadOrAnsweredGoesToTheDeadLetters() throws Exception {
    try (TopicLog answers = kafka.follow(replies);
        TopicLog letters = kafka.follow(Topics.DEAD_LETTERS);
        TopicLog aliases = kafka.follow(Topics.ALIASES)) {
      String garbled = UUID.randomUUID().toString();
      send(garbled, "{\"request\": ", replies);
      var reply = answers.await(1, r -> garbled.equals(r.key()), Cluster.PATIENCE).getFirst();
      assertThat(Requests.event(reply).getFailed().getCode())
          .isEqualTo(ErrorCode.ERROR_CODE_INVALID_ARGUMENT);
      String elsewhere = UUID.randomUUID().toString();
      send(elsewhere, "{\"request\": {\"prompt\": \"x\"}}", Topics.ALIASES);
      for (String id : List.of(garbled, elsewhere)) {
        DeadLetter letter =
            DeadLetter.parseFrom(letters.awaitValues(id, 1, Cluster.PATIENCE).getFirst());
        assertThat(letter.getRecordValue().toStringUtf8()).startsWith("{\"request\"");
        assertThat(letter.getTopic()).isEqualTo(Topics.bulkRequests(Cluster.MODEL));
        assertThat(letter.getReason()).isNotBlank();
      }
      assertThat(aliases.values(elsewhere)).as("nobody may write there by a header").isEmpty();
    }
  }
}
