package dev.unmask.gateway.lifecycle;

import dev.unmask.gateway.flow.Gate;
import dev.unmask.gateway.messaging.ClusterReader;
import dev.unmask.gateway.messaging.ReplyReader;
import jakarta.inject.Singleton;
import java.util.ArrayList;
import java.util.List;

/** Whether this gateway can serve, and what is missing if not. Any thread. */
@Singleton
public class Health {

  private final Gate gate;
  private final ReplyReader replies;
  private final ClusterReader cluster;

  public Health(Gate gate, ReplyReader replies, ClusterReader cluster) {
    this.gate = gate;
    this.replies = replies;
    this.cluster = cluster;
  }

  /** What stands in the way of serving; empty when nothing does. */
  public List<String> missing() {
    List<String> missing = new ArrayList<>();
    if (gate.draining()) {
      missing.add("shutting down");
    }
    if (!cluster.reachable()) {
      missing.add(cluster.trouble().or(replies::trouble).orElse("Kafka does not answer"));
    }
    if (!cluster.folded()) {
      missing.add("the cluster's state has not been read yet");
    }
    if (replies.address() == null) {
      missing.add("the reply partition is not assigned yet");
    }
    return missing;
  }

  /** Whether the readers run at all. */
  public boolean alive() {
    return replies.isAlive() && cluster.isAlive();
  }
}
