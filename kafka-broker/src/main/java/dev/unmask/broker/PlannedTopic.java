package dev.unmask.broker;

import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.admin.NewTopic;

/**
 * A topic as it has to be.
 *
 * @param partitions how many
 * @param partitionsFixed whether another number would be wrong, not just unusual
 * @param configs Kafka's topic configs that differ from the broker's defaults
 */
public record PlannedTopic(
    String name, int partitions, boolean partitionsFixed, Map<String, String> configs) {

  public PlannedTopic {
    configs = Map.copyOf(configs);
  }

  /** For Kafka's admin client; the replication factor is the cluster's default. */
  NewTopic toNewTopic() {
    return new NewTopic(name, Optional.of(partitions), Optional.empty()).configs(configs);
  }
}
