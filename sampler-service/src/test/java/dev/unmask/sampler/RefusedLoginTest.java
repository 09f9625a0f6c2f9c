package dev.unmask.sampler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.broker.ClusterTopics;
import dev.unmask.kafka.KafkaAccess;
import dev.unmask.proto.Topics;
import dev.unmask.sampler.messaging.KafkaSettings;
import dev.unmask.sampler.messaging.RecordWriter;
import dev.unmask.sampler.messaging.TopicTail;
import dev.unmask.sampler.presence.Heartbeat;
import dev.unmask.testkit.DeployedRights;
import dev.unmask.testkit.SecureKafka;
import dev.unmask.v1.WorkerStatus;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A worker's clients at a Kafka that does not know its password yet, with the deployed rights. */
@Timeout(value = 180, unit = TimeUnit.SECONDS)
class RefusedLoginTest {

  private static final String BASE = "guarded";
  private static final String REQUESTS = Topics.interactiveRequests(BASE);

  @Test
  void aRefusedWorkerSaysSoAndWorksWhenItIsLetIn() throws Exception {
    try (SecureKafka kafka = SecureKafka.start()) {
      kafka.password("import", "import-secret");
      kafka.allow(DeployedRights.of("import", "unmask-import"));
      List<String> created = ClusterTopics.create(access(kafka, "import"), BASE);
      assertThat(created).contains(REQUESTS);

      kafka.password("sampler", "another");
      kafka.allow(DeployedRights.of("sampler", "unmask-sampler"));
      KafkaSettings settings = new KafkaSettings(access(kafka, "sampler"), "worker");
      RecordWriter writer = new RecordWriter(settings, nanos -> {});
      try (TopicTail tail =
              new TopicTail(
                  settings, "catalog", Set.of(Topics.CHECKPOINTS, Topics.ALIASES), found -> {});
          Heartbeat heartbeat =
              new Heartbeat(
                  writer,
                  () -> WorkerStatus.newBuilder().setWorker("worker").build(),
                  Duration.ofMillis(500),
                  Clock.systemUTC())) {
        tail.start();
        heartbeat.start();
        Optional<String> refused = Optional.of("Kafka refused the login");
        await(() -> tail.trouble().equals(refused) && heartbeat.trouble().equals(refused));
        assertThat(heartbeat.heard()).isFalse();

        kafka.password("sampler", "sampler-secret");
        tail.caughtUp().get(60, TimeUnit.SECONDS);
        await(heartbeat::heard);
        assertThat(tail.trouble()).isEmpty();
        assertThat(heartbeat.trouble()).isEmpty();
        takesARequest(kafka, settings);
      } finally {
        writer.close();
      }
    }
  }

  private static void takesARequest(SecureKafka kafka, KafkaSettings settings) throws Exception {
    try (KafkaProducer<String, byte[]> producer = kafka.open().newProducer()) {
      var unused =
          producer
              .send(
                  new ProducerRecord<>(REQUESTS, "request", "{}".getBytes(StandardCharsets.UTF_8)))
              .get(30, TimeUnit.SECONDS);
    }
    try (KafkaShareConsumer<String, byte[]> slot =
        new KafkaShareConsumer<>(settings.shareConsumer(Topics.samplersGroup(BASE), "slot"))) {
      slot.subscribe(List.of(REQUESTS));
      String taken = "";
      while (taken.isEmpty()) {
        for (ConsumerRecord<String, byte[]> found : slot.poll(Duration.ofMillis(200))) {
          taken = found.key();
          slot.acknowledge(found);
        }
      }
      assertThat(taken).isEqualTo("request");
      assertThat(slot.commitSync().values()).allMatch(Optional::isEmpty);
    }
  }

  private static KafkaAccess access(SecureKafka kafka, String user) {
    Map<String, String> login = kafka.login("SCRAM-SHA-512", user, user + "-secret");
    return SecureKafka.access(login);
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    // The test's timeout ends it.
    while (!condition.getAsBoolean()) {
      Thread.sleep(20);
    }
  }
}
