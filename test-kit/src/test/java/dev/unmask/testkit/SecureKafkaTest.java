package dev.unmask.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.unmask.broker.BrokerException;
import dev.unmask.broker.ClusterTopics;
import dev.unmask.kafka.KafkaAccess;
import dev.unmask.kafka.KafkaTrouble;
import dev.unmask.kafka.LastingProducer;
import dev.unmask.kafka.TroubleLog;
import dev.unmask.proto.Topics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients with every kind of access against a broker that checks them. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
final class SecureKafkaTest {

  private static final String BASE = "guarded";
  private static final String TOPIC = Topics.interactiveRequests(BASE);
  private static final String OTHER = Topics.bulkRequests(BASE);

  @TempDir static Path folder;
  private static SecureKafka kafka;

  @BeforeAll
  static void start() throws BrokerException {
    kafka = SecureKafka.start(folder.resolve("kafka"), Map.of("plain", "plain-secret"));
    List<String> unused = ClusterTopics.create(kafka.open().bootstrap(), BASE);
    kafka.password("scram", "scram-secret");
    kafka.allow("scram");
    kafka.allow("plain");
    kafka.allow("worker");
  }

  @AfterAll
  static void stop() {
    kafka.close();
  }

  private static KafkaAccess scram(String password) {
    return SecureKafka.access(kafka.login("SCRAM-SHA-512", "scram", password));
  }

  private static LastingProducer<String, byte[]> producer(KafkaAccess access) {
    Map<String, Object> config = access.properties();
    config.put("max.block.ms", 10_000);
    return new LastingProducer<>(
        () -> new KafkaProducer<>(config, new StringSerializer(), new ByteArraySerializer()));
  }

  private static ProducerRecord<String, byte[]> question(String topic, String key) {
    return new ProducerRecord<>(topic, key, new byte[] {1});
  }

  @ParameterizedTest
  @ValueSource(strings = {"SCRAM", "PLAIN", "CERTIFICATE"})
  void recordsGoToAShareGroupAndAreAccepted(String way) throws Exception {
    KafkaAccess access =
        switch (way) {
          case "SCRAM" -> scram("scram-secret");
          case "PLAIN" -> SecureKafka.access(kafka.login("PLAIN", "plain", "plain-secret"));
          default -> SecureKafka.access(kafka.certificate(kafka.authority().identity("worker")));
        };
    List<String> created = ClusterTopics.create(access, BASE);
    assertThat(created).isEmpty();
    try (LastingProducer<String, byte[]> producer = producer(access)) {
      assertThat(producer.send(question(TOPIC, way)).get(20, TimeUnit.SECONDS).hasOffset())
          .isTrue();
    }
    Map<String, Object> config = access.properties();
    config.put("group.id", Topics.samplersGroup(BASE));
    config.put("share.acknowledgement.mode", "explicit");
    List<String> taken = new ArrayList<>();
    try (KafkaShareConsumer<String, byte[]> worker =
        new KafkaShareConsumer<>(config, new StringDeserializer(), new ByteArrayDeserializer())) {
      worker.subscribe(List.of(TOPIC));
      while (taken.isEmpty()) {
        for (ConsumerRecord<String, byte[]> record : worker.poll(Duration.ofMillis(200))) {
          taken.add(record.key());
          worker.acknowledge(record, AcknowledgeType.ACCEPT);
        }
      }
      assertThat(worker.commitSync().values()).allMatch(java.util.Optional::isEmpty);
    }
    assertThat(taken).containsExactly(way);
  }

  @Test
  void aRefusedLoginIsSaidOnceAndOverWhenThePasswordIsRight() throws Exception {
    kafka.password("late", "old");
    kafka.allow("late");
    KafkaAccess access = SecureKafka.access(kafka.login("SCRAM-SHA-512", "late", "new-secret"));
    List<String> said = new ArrayList<>();
    TroubleLog log = new TroubleLog(access, said::add);
    try (LastingProducer<String, byte[]> producer = producer(access)) {
      for (int i = 0; i < 2; i++) {
        assertThatThrownBy(() -> producer.send(question(OTHER, "early")).get(20, TimeUnit.SECONDS))
            .isInstanceOfSatisfying(ExecutionException.class, log::failed);
      }
      assertThat(said).hasSize(1);
      assertThat(said.get(0))
          .contains("Kafka at " + access.bootstrap() + " refused the login by SCRAM-SHA-512")
          .contains("kafka.sasl.username")
          .doesNotContain("new-secret");
      assertThat(log.brief()).contains("Kafka refused the login");

      kafka.password("late", "new-secret");
      var sent = producer.send(question(OTHER, "late")).get(20, TimeUnit.SECONDS);
      assertThat(sent.hasOffset()).isTrue();
      log.well();
      assertThat(log.brief()).isEmpty();
    }
  }

  @Test
  void topicsAreNotCreatedByWhomTheBrokerDoesNotKnow() {
    assertThatThrownBy(() -> ClusterTopics.create(scram("wrong"), BASE))
        .isInstanceOf(BrokerException.class)
        .hasMessageContaining("refused the login by SCRAM-SHA-512")
        .hasMessageNotContaining("Exception");
  }

  private static KafkaTrouble trouble(KafkaAccess access) {
    return trouble(access, TOPIC);
  }

  private static KafkaTrouble trouble(KafkaAccess access, String topic) {
    Map<String, Object> config = access.properties();
    config.put("default.api.timeout.ms", 3_000);
    try (KafkaConsumer<String, byte[]> consumer =
        new KafkaConsumer<>(config, new StringDeserializer(), new ByteArrayDeserializer())) {
      var unused = consumer.partitionsFor(topic);
    } catch (KafkaException e) {
      return KafkaTrouble.of(access, e);
    }
    throw new AssertionError("the broker let it in");
  }

  @Test
  void aCertificateThatNobodyVouchesForIsNamed() {
    TestAuthority stranger = new TestAuthority(folder.resolve("stranger"), "stranger");
    Map<String, String> settings = kafka.login("SCRAM-SHA-512", "scram", "scram-secret");
    settings.put("kafka.ssl.truststore.location", stranger.certificate().toString());
    KafkaTrouble trouble = trouble(SecureKafka.access(settings));
    assertThat(trouble.refused()).isTrue();
    assertThat(trouble.sentence())
        .contains("nobody in kafka.ssl.truststore.location vouches for the brokers' certificate");

    Map<String, String> other = kafka.certificate(stranger.identity("worker"));
    assertThat(trouble(SecureKafka.access(other)).sentence())
        .contains("want a certificate of this client that somebody they know vouches for");
  }

  @Test
  void aClientWithoutACertificateIsToldThatOneIsWanted() {
    Map<String, String> settings = kafka.certificate(kafka.authority().identity("nobody"));
    settings.remove("kafka.ssl.keystore.location");
    assertThat(trouble(SecureKafka.access(settings)).sentence())
        .contains("the brokers want a certificate of this client");
  }

  @Test
  void tlsOnAnOpenListenerAndTheOtherWayRoundAreSentences() {
    Map<String, String> tls = kafka.login("SCRAM-SHA-512", "scram", "scram-secret");
    tls.put("kafka.bootstrap.servers", kafka.open().bootstrap());
    assertThat(trouble(SecureKafka.access(tls)).sentence())
        .contains("Kafka at " + kafka.open().bootstrap() + " does not answer (with TLS")
        .contains("a listener without it hangs up");

    String guarded = scram("scram-secret").bootstrap();
    assertThat(trouble(KafkaAccess.plain(guarded)).sentence())
        .contains("Kafka at " + guarded + " does not answer (without encryption");
  }

  @Test
  void whatAUserMayNotDoIsNamed() {
    kafka.password("reader", "reader-secret");
    kafka.allow(List.of(SecureKafka.right("reader", ResourceType.TOPIC, TOPIC, AclOperation.READ)));
    KafkaAccess access =
        SecureKafka.access(kafka.login("SCRAM-SHA-512", "reader", "reader-secret"));
    assertThat(trouble(access, OTHER).sentence())
        .contains("does not allow this user an access")
        .contains(OTHER);
  }
}
