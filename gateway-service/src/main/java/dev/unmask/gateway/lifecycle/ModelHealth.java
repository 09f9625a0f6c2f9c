package dev.unmask.gateway.lifecycle;

import dev.unmask.gateway.flow.admission.ModelName;
import dev.unmask.gateway.flow.cluster.ClusterView;
import dev.unmask.store.release.AliasState;
import dev.unmask.store.release.AliasTable;
import grpc.health.v1.HealthOuterClass.HealthCheckResponse.ServingStatus;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * The gRPC health of each model under {@code model:<name>}, and {@code model:<name>@<alias>} for
 * other aliases: whether a live sampler holds the weights it stands for. One thread.
 */
final class ModelHealth {

  private final ClusterView cluster;
  private final BiConsumer<String, ServingStatus> publish;
  private final Map<String, ServingStatus> last = new HashMap<>();

  /**
   * @param publish hears what has changed
   */
  ModelHealth(ClusterView cluster, BiConsumer<String, ServingStatus> publish) {
    this.cluster = cluster;
    this.publish = publish;
  }

  /** Looks at every model. */
  void look(boolean gatewayServes) {
    Map<String, ServingStatus> now = new HashMap<>();
    for (String gone : last.keySet()) {
      now.put(gone, ServingStatus.NOT_SERVING);
    }
    for (Map.Entry<AliasTable.Name, AliasState> alias : cluster.aliases().all().entrySet()) {
      String digest = alias.getValue().digest().toString();
      boolean held =
          cluster.liveWorkersOf(digest).stream().anyMatch(worker -> cluster.holds(worker, digest));
      now.put(
          name(alias.getKey()),
          held && gatewayServes ? ServingStatus.SERVING : ServingStatus.NOT_SERVING);
    }
    now.forEach((name, status) -> {
      if (last.put(name, status) != status) {
        publish.accept(name, status);
      }
    });
  }

  private static String name(AliasTable.Name alias) {
    return alias.alias().equals(ModelName.DEFAULT_ALIAS)
        ? "model:" + alias.model()
        : "model:" + alias.model() + "@" + alias.alias();
  }
}
