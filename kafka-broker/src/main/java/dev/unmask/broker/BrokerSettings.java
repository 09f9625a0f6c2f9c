package dev.unmask.broker;

import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;

/** Kafka's settings for a broker that shares one machine with what it serves. */
final class BrokerSettings {

  static final int NODE_ID = 1;
  static final String CONTROLLER_LISTENER = "CONTROLLER";

  private BrokerSettings() {}

  /**
   * @param more further listeners and their ports
   */
  static Properties of(
      Path logs,
      String host,
      int port,
      int controllerPort,
      Map<BrokerOptions.Listener, Integer> more) {
    StringBuilder clients = new StringBuilder("CLIENT://" + host + ":" + port);
    StringBuilder protocols = new StringBuilder("CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT");
    more.forEach((listener, at) -> {
      clients.append(',').append(listener.name()).append("://").append(host).append(':').append(at);
      protocols.append(',').append(listener.name()).append(':').append(listener.protocol());
    });
    Properties settings = new Properties();
    String[][] all = {
      {"process.roles", "broker,controller"},
      {"node.id", String.valueOf(NODE_ID)},
      {"controller.quorum.voters", NODE_ID + "@" + host + ":" + controllerPort},
      {"controller.listener.names", CONTROLLER_LISTENER},
      {"listeners", clients + ",CONTROLLER://" + host + ":" + controllerPort},
      {"advertised.listeners", clients.toString()},
      {"inter.broker.listener.name", "CLIENT"},
      {"listener.security.protocol.map", protocols.toString()},
      {"log.dirs", logs.toString()},
      // A misspelled topic should be an error and not a new topic.
      {"auto.create.topics.enable", "false"},

      // One broker keeps one copy.
      {"default.replication.factor", "1"},
      {"min.insync.replicas", "1"},
      {"offsets.topic.replication.factor", "1"},
      {"offsets.topic.num.partitions", "1"},
      {"transaction.state.log.replication.factor", "1"},
      {"transaction.state.log.min.isr", "1"},
      {"transaction.state.log.num.partitions", "1"},
      {"share.coordinator.state.topic.replication.factor", "1"},
      {"share.coordinator.state.topic.min.isr", "1"},
      {"share.coordinator.state.topic.num.partitions", "1"},

      // Each slot of a sampler that was ever needed is a member with a consumer of its own, and
      // holds one record: 50 samplers of 20 slots fill a group, and the locks of one topic are ten
      // times what they can hold.
      {"group.share.max.size", "1000"},
      {"group.share.partition.max.record.locks", "10000"},
      // The samplers themselves stop at the fourth delivery by default; a release counts as one
      // too.
      {"group.share.delivery.count.limit", "10"},
      {"group.share.record.lock.duration.ms", "15000"},
      {"group.share.min.record.lock.duration.ms", "1000"},
      // On one machine a member that is silent for so long is dead.
      {"group.share.session.timeout.ms", "15000"},
      {"group.share.min.session.timeout.ms", "6000"},
      {"group.share.heartbeat.interval.ms", "1000"},
      {"group.share.min.heartbeat.interval.ms", "1000"},
      {"group.share.initialize.retry.interval.ms", "1000"},
      {"group.initial.rebalance.delay.ms", "0"},

      // A small heap and few threads.
      {"log.segment.bytes", String.valueOf(16 << 20)},
      {"log.index.size.max.bytes", String.valueOf(1 << 20)},
      {"log.cleaner.dedupe.buffer.size", String.valueOf(8 << 20)},
      {"log.cleaner.io.buffer.size", String.valueOf(64 << 10)},
      {"log.retention.check.interval.ms", "60000"},
      {"num.network.threads", "2"},
      {"num.io.threads", "4"},
      {"background.threads", "2"},
      {"num.recovery.threads.per.data.dir", "1"},
      // After a kill the broker waits for its own old session to end before it serves again.
      {"broker.session.timeout.ms", "6000"},
      {"broker.heartbeat.interval.ms", "1000"},
    };
    for (String[] setting : all) {
      settings.setProperty(setting[0], setting[1]);
    }
    return settings;
  }
}
