package dev.unmask.cli.models;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.cli.client.EndpointOption;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.v1.ListModelsRequest;
import dev.unmask.v1.ListModelsResponse;
import dev.unmask.v1.ModelAlias;
import dev.unmask.v1.ModelGate;
import dev.unmask.v1.ModelOnWorker;
import dev.unmask.v1.ModelVersion;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code unmask models}: versions, aliases, and who serves them. */
@Command(
    name = "models",
    description = {
      "Every published version, the aliases that point to it and who serves it; then where each alias"
          + " points, and its epoch.",
      "With --gates also what each sampler measured of each version, and the last moves."
    },
    subcommands = {ActivateCommand.class, RetireCommand.class})
public final class ModelsCommand implements Callable<Integer> {

  private final Session session;

  @Mixin private EndpointOption endpoint;

  @Parameters(paramLabel = "NAME", arity = "0..1", description = "Only this model.")
  private @Nullable String name;

  @Option(names = "--gates", description = "Also what gates judge, and the last moves.")
  private boolean gates;

  public ModelsCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    ListModelsRequest.Builder request = ListModelsRequest.newBuilder();
    if (name != null) {
      request.setName(name);
    }
    ListModelsResponse found;
    try (GatewayClient client = GatewayClient.open(session, endpoint)) {
      found = client.models().list(request.build());
    }
    if (session.json()) {
      for (ModelVersion version : found.getModelsList()) {
        session.out().println(Json.line(json(version, found.getAliasesList())));
      }
    } else {
      table(found.getModelsList());
      found.getAliasesList().forEach(this::print);
    }
    return 0;
  }

  private void print(ModelAlias alias) {
    session.out().println(AliasFormat.line(alias));
    if (gates) {
      alias.getMovesList().forEach(move -> session.out().println(AliasFormat.line(move)));
    }
  }

  private void table(List<ModelVersion> versions) {
    int widest = versions.stream().mapToInt(v -> v.getName().length()).max().orElse(0);
    String row = "%-" + Math.max(5, widest) + "s  %-19s  %-7s  %10s  %-20s  %-7s  %s%n";
    session
        .out()
        .printf(row, "MODEL", "DIGEST", "KIND", "PARAMETERS", "CREATED", "SERVING", "ALIASES");
    for (ModelVersion version : versions) {
      session
          .out()
          .printf(
              row,
              version.getName(),
              AliasFormat.shortDigest(version.getDigest()),
              version.getKind(),
              String.format(Locale.ROOT, "%.1f M", version.getParameters() / 1e6),
              Instant.ofEpochSecond(version.getCreatedAt()).truncatedTo(ChronoUnit.SECONDS),
              version.getServingWorkersCount() + "/" + version.getLiveWorkersCount(),
              String.join(", ", version.getAliasesList()));
      version.getFailuresList().forEach(failure -> session.out().println("  " + failure));
      if (gates) {
        version.getWorkersList().forEach(this::print);
      }
    }
  }

  private void print(ModelOnWorker worker) {
    session.out().println("  " + worker.getWorker() + ": " + worker.getState());
    for (ModelGate gate : worker.getGatesList()) {
      session
          .out()
          .printf(
              "    %s %-14s %s%n",
              gate.getPassed() ? "passed " : "REFUSED", gate.getGate(), gate.getSentence());
    }
  }

  private static ObjectNode json(ModelVersion version, List<ModelAlias> aliases) {
    ObjectNode node = Json.object();
    node.put("name", version.getName());
    node.put("digest", version.getDigest());
    node.put("base", version.getBase());
    node.put("parent_digest", version.getParentDigest());
    node.put("kind", version.getKind());
    node.put("created_at", version.getCreatedAt());
    node.put("parameters", version.getParameters());
    node.put("context_length", version.getContextLength());
    node.put("job_id", version.getJobId());
    version.getAliasesList().forEach(node.putArray("aliases")::add);
    version.getLiveWorkersList().forEach(node.putArray("live_workers")::add);
    version.getServingWorkersList().forEach(node.putArray("serving_workers")::add);
    version.getFailuresList().forEach(node.putArray("failures")::add);
    for (ModelOnWorker worker : version.getWorkersList()) {
      ObjectNode on = node.withArray("workers").addObject();
      on.put("worker", worker.getWorker());
      on.put("state", worker.getState());
      on.put("message", worker.getMessage());
      for (ModelGate gate : worker.getGatesList()) {
        ObjectNode one = on.withArray("gates").addObject();
        one.put("gate", gate.getGate());
        one.put("passed", gate.getPassed());
        one.put("measured", gate.getMeasured());
        one.put("limit", gate.getLimit());
        one.put("sentence", gate.getSentence());
      }
    }
    aliases.stream()
        .filter(alias ->
            alias.getDigest().equals(version.getDigest())
                || alias.getCandidateDigest().equals(version.getDigest()))
        .map(AliasFormat::json)
        .forEach(node.withArray("alias_states")::add);
    return node;
  }
}
