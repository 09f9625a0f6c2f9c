package dev.unmask.broker;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import kafka.server.KafkaConfig;
import org.apache.kafka.common.utils.AppInfoParser;
import org.apache.kafka.server.common.MetadataVersion;
import org.apache.kafka.server.config.AbstractKafkaConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** The brokers and topics of deploy/ are those that the services were built and tested with. */
class DeployedKafkaTest {

  private static final Path DEPLOY = Path.of("..", "deploy");
  private static final Path BASE = DEPLOY.resolve("kubernetes/base");

  /** The base that the shipped model is; its queues are deployed. */
  private static final String MODEL = "unmask-mini";

  @Test
  void everyPlannedTopicIsDeployedAsItWasPlannedAndNoOther() throws IOException {
    Map<String, String> planned =
        Stream.concat(TopicPlan.shared().stream(), TopicPlan.forBase(MODEL).stream())
            .collect(
                Collectors.toMap(
                    PlannedTopic::name,
                    topic -> said(String.valueOf(topic.partitions()), topic.configs())));
    Map<String, String> deployed = new TreeMap<>();
    for (Map<?, ?> topic : documents(BASE.resolve("topics.yaml"))) {
      Map<?, ?> spec = map(topic, "spec");
      String before =
          deployed.put(
              String.valueOf(map(topic, "metadata").get("name")),
              said(String.valueOf(spec.get("partitions")), map(spec, "config")));
      assertThat(before).as("a topic that is there twice").isNull();
    }

    assertThat(deployed)
        .as("deploy/kubernetes/base/topics.yaml has to say what TopicPlan says")
        .isEqualTo(new TreeMap<>(planned));
  }

  @ParameterizedTest
  @MethodSource("brokers")
  void shareGroupsOfDeployedBrokersAreThoseOfTheEmbeddedOne(Broker broker) {
    Properties ours = BrokerSettings.of(Path.of("logs"), "127.0.0.1", 9092, 9093, Map.of());
    List<String> sizes =
        List.of(
            "group.share.max.size",
            "group.share.partition.max.record.locks",
            "group.share.delivery.count.limit",
            "group.share.record.lock.duration.ms",
            "group.share.session.timeout.ms",
            "group.share.min.session.timeout.ms",
            "group.share.heartbeat.interval.ms",
            "group.share.min.heartbeat.interval.ms",
            "auto.create.topics.enable");

    assertThat(sizes)
        .allSatisfy(
            name -> assertThat(broker.settings().get(name)).isEqualTo(ours.getProperty(name)));
  }

  @ParameterizedTest
  @MethodSource("brokers")
  void kafkaKnowsEverySettingOfADeployedBroker(Broker broker) {
    assertThat(AbstractKafkaConfig.CONFIG_DEF.names()).containsAll(broker.settings().keySet());
  }

  @Test
  void theBrokerOfComposeStartsWithItsSettings() throws IOException {
    Properties settings = new Properties();
    settings.putAll(compose().settings());

    KafkaConfig config = KafkaConfig.fromProps(settings);

    assertThat(config.shareGroupConfig().shareGroupPartitionMaxRecordLocks()).isEqualTo(10_000);
  }

  @Test
  void brokersHaveTheVersionOfOurClients() throws IOException {
    Map<?, ?> compose = documents(DEPLOY.resolve("compose.yaml")).getFirst();
    Map<?, ?> kafka = map(map(strimzi(), "spec"), "kafka");

    assertThat(map(map(compose, "services"), "kafka").get("image"))
        .isEqualTo("apache/kafka:" + AppInfoParser.getVersion());
    assertThat(kafka.get("version")).isEqualTo(AppInfoParser.getVersion());
    assertThat(kafka.get("metadataVersion"))
        .isEqualTo(MetadataVersion.latestProduction().version());
  }

  /** A broker's settings by their names. */
  record Broker(String where, Map<String, String> settings) {
    @Override
    public String toString() {
      return where;
    }
  }

  static List<Broker> brokers() throws IOException {
    Map<String, String> strimzi = new TreeMap<>();
    map(map(map(strimzi(), "spec"), "kafka"), "config")
        .forEach((name, value) -> strimzi.put(String.valueOf(name), String.valueOf(value)));
    return List.of(compose(), new Broker("Strimzi", strimzi));
  }

  /** The image makes {@code group.share.max.size} of {@code KAFKA_GROUP_SHARE_MAX_SIZE}. */
  private static Broker compose() throws IOException {
    Map<?, ?> file = documents(DEPLOY.resolve("compose.yaml")).getFirst();
    Map<String, String> settings = new TreeMap<>();
    map(map(map(file, "services"), "kafka"), "environment")
        .forEach((name, value) ->
            settings.put(
                String.valueOf(name)
                    .substring("KAFKA_".length())
                    .toLowerCase(Locale.ROOT)
                    .replace('_', '.'),
                String.valueOf(value)));
    return new Broker("Compose", settings);
  }

  private static Map<?, ?> strimzi() throws IOException {
    return documents(BASE.resolve("kafka.yaml")).stream()
        .filter(document -> "Kafka".equals(document.get("kind")))
        .findFirst()
        .orElseThrow();
  }

  private static String said(String partitions, Map<?, ?> configs) {
    Map<String, String> sorted = new TreeMap<>();
    configs.forEach((name, value) -> sorted.put(String.valueOf(name), String.valueOf(value)));
    return partitions + " " + sorted;
  }

  private static Map<?, ?> map(Map<?, ?> parent, String name) {
    if (parent.get(name) instanceof Map<?, ?> child) {
      return child;
    }
    throw new AssertionError("there is no " + name + " in " + parent);
  }

  private static List<Map<?, ?>> documents(Path file) throws IOException {
    List<Map<?, ?>> documents = new ArrayList<>();
    try (Reader text = Files.newBufferedReader(file)) {
      for (Object document : new Yaml(new SafeConstructor(new LoaderOptions())).loadAll(text)) {
        documents.add((Map<?, ?>) document);
      }
    }
    return documents;
  }
}
