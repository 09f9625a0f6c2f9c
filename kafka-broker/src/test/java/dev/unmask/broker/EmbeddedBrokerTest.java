package dev.unmask.broker;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.unmask.proto.Topics;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 120, unit = TimeUnit.SECONDS)
final class EmbeddedBrokerTest {

  private static final String BASE = "tiny";

  @TempDir Path data;

  private EmbeddedBroker start() throws BrokerException {
    return EmbeddedBroker.start(new BrokerOptions(data, 0));
  }

  private static void produce(EmbeddedBroker broker, String... values) throws Exception {
    Map<String, Object> config = Map.of("bootstrap.servers", broker.bootstrap(), "acks", "all");
    try (var producer =
        new KafkaProducer<>(config, new StringSerializer(), new StringSerializer())) {
      for (String value : values) {
        var metadata =
            producer
                .send(new ProducerRecord<>(Topics.interactiveRequests(BASE), value, value))
                .get(20, TimeUnit.SECONDS);
        assertThat(metadata.partition()).isZero();
      }
    }
  }

  private static KafkaShareConsumer<String, String> worker(EmbeddedBroker broker) {
    Map<String, Object> config =
        Map.of(
            "bootstrap.servers",
            broker.bootstrap(),
            "group.id",
            Topics.samplersGroup(BASE),
            "share.acknowledgement.mode",
            "explicit",
            "share.acquire.mode",
            "record_limit",
            "max.poll.records",
            1);
    var consumer =
        new KafkaShareConsumer<>(config, new StringDeserializer(), new StringDeserializer());
    consumer.subscribe(List.of(Topics.interactiveRequests(BASE)));
    return consumer;
  }

  private static ConsumerRecord<String, String> next(KafkaShareConsumer<String, String> worker) {
    Instant giveUp = Instant.now().plus(Duration.ofSeconds(30));
    while (Instant.now().isBefore(giveUp)) {
      var records = worker.poll(Duration.ofMillis(500));
      if (!records.isEmpty()) {
        assertThat(records.count()).as("record_limit with max.poll.records=1").isEqualTo(1);
        return records.iterator().next();
      }
    }
    throw new AssertionError("no record came");
  }

  @Test
  void aGroupSharesRequestsSinglyAndARestartKeepsWhatIsLeft() throws Exception {
    try (EmbeddedBroker broker = start()) {
      assertThat(ClusterTopics.create(broker.bootstrap(), BASE))
          .contains(Topics.RESULTS, Topics.interactiveRequests(BASE));
      produce(broker, "a", "b", "c");
      try (var first = worker(broker);
          var second = worker(broker)) {
        List<String> taken = new ArrayList<>();
        for (var worker : List.of(first, second)) {
          ConsumerRecord<String, String> record = next(worker);
          taken.add(record.value());
          assertThat(record.deliveryCount()).hasValue((short) 1);
          worker.acknowledge(record, AcknowledgeType.ACCEPT);
          worker.commitSync();
        }
        assertThat(taken).as("sent before the group existed").containsExactly("a", "b");
      }
    }
    try (EmbeddedBroker broker = start()) {
      assertThat(ClusterTopics.create(broker.bootstrap(), BASE)).isEmpty();
      try (var worker = worker(broker)) {
        assertThat(next(worker).value()).isEqualTo("c");
      }
    }
  }

  @Test
  void theTopicsAreAsPlanned() throws Exception {
    try (EmbeddedBroker broker = start();
        Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrap()))) {
      List<String> created = ClusterTopics.create(broker.bootstrap(), BASE);
      List<PlannedTopic> plan = new ArrayList<>(TopicPlan.shared());
      plan.addAll(TopicPlan.forBase(BASE));
      assertThat(created).containsExactlyInAnyOrderElementsOf(names(plan));
      var descriptions = admin.describeTopics(created).allTopicNames().get(20, TimeUnit.SECONDS);
      for (PlannedTopic topic : plan) {
        assertThat(requireNonNull(descriptions.get(topic.name())).partitions())
            .hasSize(topic.partitions());
        var resource = new ConfigResource(ConfigResource.Type.TOPIC, topic.name());
        Config config = config(admin, resource);
        topic.configs().forEach((k, v) -> assertThat(config.get(k).value()).as(k).isEqualTo(v));
      }
      var group = new ConfigResource(ConfigResource.Type.GROUP, Topics.samplersGroup(BASE));
      Config config = config(admin, group);
      assertThat(config.get("share.auto.offset.reset").value()).isEqualTo("earliest");
      assertThat(config.get("share.record.lock.duration.ms").value()).isEqualTo("15000");

      admin
          .createPartitions(Map.of(Topics.interactiveRequests(BASE), NewPartitions.increaseTo(2)))
          .all()
          .get(20, TimeUnit.SECONDS);
      assertThatExceptionOfType(BrokerException.class)
          .isThrownBy(() -> ClusterTopics.create(broker.bootstrap(), BASE))
          .withMessageContaining(
              "unmask.generation.requests.tiny.interactive has 2 partitions and must have 1");
    }
  }

  private static Config config(Admin admin, ConfigResource resource) throws Exception {
    return requireNonNull(
        admin.describeConfigs(List.of(resource)).all().get(20, TimeUnit.SECONDS).get(resource));
  }

  private static List<String> names(List<PlannedTopic> plan) {
    return plan.stream().map(PlannedTopic::name).toList();
  }

  @Test
  void aSecondBrokerOnTheSameFolderIsRefused() throws Exception {
    try (EmbeddedBroker broker = start()) {
      assertThat(broker.port()).isPositive();
      assertThatExceptionOfType(BrokerException.class)
          .isThrownBy(this::start)
          .withMessageContaining("another broker is running on " + data);
    }
  }

  @Test
  void aTakenPortIsSaidSo() throws IOException {
    try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertThatExceptionOfType(BrokerException.class)
          .isThrownBy(
              () -> EmbeddedBroker.start(new BrokerOptions(data, other.getLocalPort())).close())
          .withMessageContaining("port " + other.getLocalPort() + " of 127.0.0.1 is taken");
    }
  }
}
