package dev.unmask.cli.models;

import dev.unmask.cli.CliException;
import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.cli.client.EndpointOption;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.v1.ActivateModelRequest;
import dev.unmask.v1.ModelAlias;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code unmask models activate}: points an alias to published weights. */
@Command(
    name = "activate",
    description = {
      "Points an alias to published weights, once every live sampler holds them and the gates are"
          + " passed; says with the numbers why not otherwise.",
      "With --canary they get a share of the requests first, and all of them or none by what they"
          + " show; `unmask models` tells how it stands, `unmask rollback` ends it."
    })
public final class ActivateCommand implements Callable<Integer> {

  private final Session session;

  @Mixin private EndpointOption endpoint;

  @Parameters(
      paramLabel = "NAME@DIGEST",
      description = "Whose alias moves and where to: name@sha256:<64 hex>.")
  private String model = "";

  @Option(
      names = "--alias",
      paramLabel = "ALIAS",
      description = "The alias that moves; default: default.")
  private String alias = "";

  @Option(
      names = "--canary",
      paramLabel = "PERCENT",
      description = "Share of the requests that the weights get on trial, 1 to 99.")
  private @Nullable Integer canary;

  @Option(
      names = "--canary-requests",
      paramLabel = "N",
      description = "Answers that a trial takes before it becomes all requests; default: 100.")
  private @Nullable Long canaryRequests;

  @Option(
      names = "--canary-seconds",
      paramLabel = "S",
      description = "Time that a trial takes at least; default: 60.")
  private @Nullable Long canarySeconds;

  @Option(
      names = "--expect-epoch",
      paramLabel = "N",
      description =
          "Move only when the alias has this epoch, as `unmask models` shows it; so nobody else's"
              + " move is undone by accident.")
  private @Nullable Long expectEpoch;

  @Option(names = "--reason", paramLabel = "TEXT", description = "Kept with the move.")
  private String reason = "";

  @Option(
      names = "--force",
      description =
          "Move although a gate is not passed. Weights that a sampler cannot load are never"
              + " activated.")
  private boolean force;

  public ActivateCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    ActivateModelRequest.Builder request =
        ActivateModelRequest.newBuilder()
            .setModel(model)
            .setAlias(alias)
            .setReason(reason)
            .setForce(force);
    if (canary != null) {
      request.setCanaryPercent(canary);
    } else if (canaryRequests != null || canarySeconds != null) {
      throw CliException.usage("--canary-requests and --canary-seconds need --canary PERCENT");
    }
    if (canaryRequests != null) {
      request.setCanaryRequests(canaryRequests);
    }
    if (canarySeconds != null) {
      request.setCanarySeconds(canarySeconds);
    }
    if (expectEpoch != null) {
      request.setExpectEpoch(expectEpoch);
    }
    try (GatewayClient client = GatewayClient.open(session, endpoint)) {
      ModelAlias now = client.models().activate(request.build());
      session
          .out()
          .println(session.json() ? Json.line(AliasFormat.json(now)) : AliasFormat.line(now));
    }
    return 0;
  }
}
