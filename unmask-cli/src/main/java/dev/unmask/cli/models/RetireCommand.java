package dev.unmask.cli.models;

import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.cli.client.EndpointOption;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.v1.WithdrawModelRequest;
import dev.unmask.v1.WithdrawModelResponse;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code unmask models retire}: takes published weights back. */
@Command(
    name = "retire",
    description = {
      "Takes published weights back that no alias needs: samplers drop them when the last request"
          + " on them has ended, and nobody can ask for them any more.",
      "Their files stay in the store until they are collected."
    })
public final class RetireCommand implements Callable<Integer> {

  private final Session session;

  @Mixin private EndpointOption endpoint;

  @Parameters(paramLabel = "NAME@DIGEST", description = "The weights: name@sha256:<64 hex>.")
  private String model = "";

  public RetireCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    try (GatewayClient client = GatewayClient.open(session, endpoint)) {
      WithdrawModelResponse gone =
          client.models().withdraw(WithdrawModelRequest.newBuilder().setModel(model).build());
      if (session.json()) {
        session
            .out()
            .println(
                Json.line(
                    Json.object().put("name", gone.getName()).put("digest", gone.getDigest())));
      } else {
        session.out().println(gone.getName() + " " + gone.getDigest() + " is retired");
      }
    }
    return 0;
  }
}
