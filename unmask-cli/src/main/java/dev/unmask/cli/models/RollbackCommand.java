package dev.unmask.cli.models;

import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.cli.client.EndpointOption;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.v1.ModelAlias;
import dev.unmask.v1.RollbackModelRequest;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code unmask rollback}: points an alias back. */
@Command(
    name = "rollback",
    description = {
      "Points an alias back to the weights that answered before, or ends its canary. Requests that"
          + " run keep the weights they have.",
      "It is a move like any other: the samplers hold the weights first, and the gates are passed."
    })
public final class RollbackCommand implements Callable<Integer> {

  private final Session session;

  @Mixin private EndpointOption endpoint;

  @Parameters(
      paramLabel = "NAME",
      arity = "0..1",
      description = "name or name@alias; default: what the cluster serves.")
  private String model = "";

  @Option(
      names = "--to",
      paramLabel = "DIGEST",
      description = "sha256:<64 hex>; default: what answered before.")
  private String to = "";

  @Option(names = "--reason", paramLabel = "TEXT", description = "Kept with the move.")
  private String reason = "";

  @Option(
      names = "--expect-epoch",
      paramLabel = "N",
      description = "Move only when the alias has this epoch, as `unmask models` shows it.")
  private @Nullable Long expectEpoch;

  @Option(names = "--force", description = "Move although a gate is not passed.")
  private boolean force;

  public RollbackCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    RollbackModelRequest.Builder request =
        RollbackModelRequest.newBuilder()
            .setModel(model)
            .setDigest(to)
            .setReason(reason)
            .setForce(force);
    if (expectEpoch != null) {
      request.setExpectEpoch(expectEpoch);
    }
    try (GatewayClient client = GatewayClient.open(session, endpoint)) {
      ModelAlias now = client.models().rollback(request.build());
      session
          .out()
          .println(session.json() ? Json.line(AliasFormat.json(now)) : AliasFormat.line(now));
    }
    return 0;
  }
}
