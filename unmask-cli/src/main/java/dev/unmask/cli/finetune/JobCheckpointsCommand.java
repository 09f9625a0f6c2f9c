package dev.unmask.cli.finetune;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.cli.client.EndpointOption;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.v1.FineTuningCheckpoint;
import dev.unmask.v1.ListFineTuningCheckpointsRequest;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code unmask jobs checkpoints}: what a job has published. */
@Command(name = "checkpoints", description = "What a job has published, newest first.")
public final class JobCheckpointsCommand implements Callable<Integer> {

  private final Session session;

  @Mixin private EndpointOption endpoint;

  @Parameters(paramLabel = "ID", description = "The job.")
  private String id = "";

  public JobCheckpointsCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    try (GatewayClient client = GatewayClient.open(session, endpoint)) {
      for (FineTuningCheckpoint checkpoint :
          client
              .fineTuning()
              .listCheckpoints(ListFineTuningCheckpointsRequest.newBuilder().setId(id).build())
              .getCheckpointsList()) {
        session.out().println(session.json() ? Json.line(json(checkpoint)) : line(checkpoint));
      }
    }
    return 0;
  }

  private static String line(FineTuningCheckpoint checkpoint) {
    return "step "
        + checkpoint.getStep()
        + "  "
        + checkpoint.getKind()
        + "  "
        + checkpoint.getModel()
        + "  "
        + checkpoint.getDigest();
  }

  private static ObjectNode json(FineTuningCheckpoint checkpoint) {
    ObjectNode node = Json.object();
    node.put("model", checkpoint.getModel());
    node.put("digest", checkpoint.getDigest());
    node.put("step", checkpoint.getStep());
    node.put("kind", checkpoint.getKind());
    node.put("created_at", checkpoint.getCreatedAt());
    ObjectNode metrics = node.putObject("metrics");
    new TreeMap<>(checkpoint.getMetricsMap()).forEach(metrics::put);
    return node;
  }
}
