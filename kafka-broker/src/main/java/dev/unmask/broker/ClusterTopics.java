package dev.unmask.broker;

import dev.unmask.kafka.KafkaAccess;
import dev.unmask.kafka.KafkaTrouble;
import dev.unmask.proto.Topics;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/**
 * Brings a cluster to the {@link TopicPlan}, on the embedded broker and on a real one. Doing it
 * again changes nothing. Blocks; any thread.
 */
public final class ClusterTopics {

  private static final int TIMEOUT_S = 30;
  private static final String OFFSET_RESET = "share.auto.offset.reset";
  private static final String LOCK_DURATION = "share.record.lock.duration.ms";

  /** Without it the first worker of a group would skip the requests that were there before it. */
  private static final String FROM_THE_START = "earliest";

  /** A worker that hangs loses its request after this; one that dies loses it at once. */
  private static final String LOCK_MS = "15000";

  private ClusterTopics() {}

  /**
   * Creates what is missing: the shared topics, those of every base, and the settings of the
   * samplers' share groups. Must be done before the first sampler starts.
   *
   * @return the names of the topics that were created
   * @throws BrokerException when the cluster cannot be reached or refuses, or a topic exists with a
   *     number of partitions that cannot work
   */
  public static List<String> create(KafkaAccess kafka, Collection<String> bases)
      throws BrokerException {
    List<PlannedTopic> plan = new ArrayList<>(TopicPlan.shared());
    bases.forEach(base -> plan.addAll(TopicPlan.forBase(base)));
    String bootstrap = kafka.bootstrap();
    try (Admin admin = connect(kafka)) {
      List<String> created = createMissing(admin, plan);
      configureGroups(admin, bases);
      awaitVisible(admin, plan, bases);
      return created;
    } catch (TimeoutException | org.apache.kafka.common.errors.TimeoutException e) {
      throw unreachable(bootstrap, e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof org.apache.kafka.common.errors.TimeoutException) {
        throw unreachable(bootstrap, e);
      }
      KafkaTrouble trouble = KafkaTrouble.of(kafka, e);
      throw new BrokerException(
          trouble.refused()
              ? trouble.sentence()
              : "Kafka at " + bootstrap + " refused the topics of Unmask: " + e.getCause(),
          e);
    } catch (org.apache.kafka.common.KafkaException e) {
      KafkaTrouble trouble = KafkaTrouble.of(kafka, e);
      throw new BrokerException(
          trouble.refused()
              ? trouble.sentence()
              : "'" + bootstrap + "' cannot be used as the address of Kafka: " + e.getMessage(),
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BrokerException("interrupted while creating topics at " + bootstrap, e);
    }
  }

  /** {@link #create(KafkaAccess, Collection)} with the bases written out. */
  public static List<String> create(KafkaAccess kafka, String... bases) throws BrokerException {
    return create(kafka, List.of(bases));
  }

  /** The same where brokers take everybody. */
  public static List<String> create(String bootstrap, String... bases) throws BrokerException {
    return create(KafkaAccess.plain(bootstrap), bases);
  }

  private static Admin connect(KafkaAccess kafka) {
    Map<String, Object> config = kafka.properties();
    config.put(AdminClientConfig.CLIENT_ID_CONFIG, "unmask-topics");
    config.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, TIMEOUT_S * 1000);
    config.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, TIMEOUT_S * 500);
    return Admin.create(config);
  }

  private static BrokerException unreachable(String bootstrap, Exception e) {
    return new BrokerException(
        "no Kafka broker answers at " + bootstrap + "; is it running and is the address right?", e);
  }

  private static List<String> createMissing(Admin admin, List<PlannedTopic> plan)
      throws BrokerException, ExecutionException, InterruptedException, TimeoutException {
    Map<String, TopicDescription> existing = describe(admin, plan);
    List<PlannedTopic> missing = new ArrayList<>();
    for (PlannedTopic topic : plan) {
      TopicDescription found = existing.get(topic.name());
      if (found == null) {
        missing.add(topic);
      } else if (topic.partitionsFixed() && found.partitions().size() != topic.partitions()) {
        throw new BrokerException(
            "the topic "
                + topic.name()
                + " has "
                + found.partitions().size()
                + " partitions and must have "
                + topic.partitions()
                + "; delete it or use another cluster");
      }
    }
    List<String> created = new ArrayList<>();
    var results =
        new TreeMap<>(
            admin.createTopics(missing.stream().map(PlannedTopic::toNewTopic).toList()).values());
    for (var result : results.entrySet()) {
      try {
        get(result.getValue());
        created.add(result.getKey());
      } catch (ExecutionException e) {
        // Somebody else was creating it at the same moment.
        if (!(e.getCause() instanceof TopicExistsException)) {
          throw e;
        }
      }
    }
    return created;
  }

  private static Map<String, TopicDescription> describe(Admin admin, List<PlannedTopic> plan)
      throws ExecutionException, InterruptedException, TimeoutException {
    Map<String, TopicDescription> found = new HashMap<>();
    var answers = admin.describeTopics(plan.stream().map(PlannedTopic::name).toList());
    for (var answer : answers.topicNameValues().entrySet()) {
      try {
        found.put(answer.getKey(), get(answer.getValue()));
      } catch (ExecutionException e) {
        if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) {
          throw e;
        }
      }
    }
    return found;
  }

  private static void configureGroups(Admin admin, Collection<String> bases)
      throws ExecutionException, InterruptedException, TimeoutException {
    Map<ConfigResource, Collection<AlterConfigOp>> changes = new HashMap<>();
    for (String base : bases) {
      changes.put(
          group(base), List.of(set(OFFSET_RESET, FROM_THE_START), set(LOCK_DURATION, LOCK_MS)));
    }
    get(admin.incrementalAlterConfigs(changes).all());
  }

  /**
   * Returns when the broker itself acts on what the controller has accepted: a worker that came in
   * between would start its group with other settings.
   */
  private static void awaitVisible(Admin admin, List<PlannedTopic> plan, Collection<String> bases)
      throws ExecutionException, InterruptedException, TimeoutException {
    List<ConfigResource> groups = bases.stream().map(ClusterTopics::group).toList();
    long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_S);
    while (describe(admin, plan).size() < plan.size()
        || !get(admin.describeConfigs(groups).all()).values().stream()
            .allMatch(ClusterTopics::isConfigured)) {
      if (System.nanoTime() > giveUp) {
        throw new TimeoutException();
      }
      Thread.sleep(20);
    }
  }

  private static boolean isConfigured(Config config) {
    ConfigEntry reset = config.get(OFFSET_RESET);
    ConfigEntry lock = config.get(LOCK_DURATION);
    return reset != null
        && lock != null
        && FROM_THE_START.equals(reset.value())
        && LOCK_MS.equals(lock.value());
  }

  private static ConfigResource group(String base) {
    return new ConfigResource(ConfigResource.Type.GROUP, Topics.samplersGroup(base));
  }

  private static AlterConfigOp set(String name, String value) {
    return new AlterConfigOp(new ConfigEntry(name, value), AlterConfigOp.OpType.SET);
  }

  private static <T> T get(KafkaFuture<T> future)
      throws ExecutionException, InterruptedException, TimeoutException {
    return future.get(TIMEOUT_S, TimeUnit.SECONDS);
  }
}
