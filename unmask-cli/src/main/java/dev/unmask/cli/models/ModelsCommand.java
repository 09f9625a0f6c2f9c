package dev.unmask.cli.models;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.cli.client.EndpointOption;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.v1.ListModelsRequest;
import dev.unmask.v1.ModelVersion;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code unmask models}: versions, aliases, and who serves them. */
@Command(
    name = "models",
    description = "Every published version, the aliases that point to it and who serves it.")
public final class ModelsCommand implements Callable<Integer> {

  private static final int SHORT_DIGEST = "sha256:".length() + 12;

  private final Session session;

  @Mixin private EndpointOption endpoint;

  @Parameters(paramLabel = "NAME", arity = "0..1", description = "Only this model.")
  private @Nullable String name;

  public ModelsCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    ListModelsRequest.Builder request = ListModelsRequest.newBuilder();
    if (name != null) {
      request.setName(name);
    }
    List<ModelVersion> versions;
    try (GatewayClient client = GatewayClient.open(session, endpoint.address())) {
      versions = client.models().list(request.build()).getModelsList();
    }
    if (session.json()) {
      versions.forEach(version -> session.out().println(Json.line(json(version))));
    } else {
      table(versions);
    }
    return 0;
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
              version
                  .getDigest()
                  .substring(0, Math.min(SHORT_DIGEST, version.getDigest().length())),
              version.getKind(),
              String.format(Locale.ROOT, "%.1f M", version.getParameters() / 1e6),
              Instant.ofEpochSecond(version.getCreatedAt()).truncatedTo(ChronoUnit.SECONDS),
              version.getServingWorkersCount() + "/" + version.getLiveWorkersCount(),
              String.join(", ", version.getAliasesList()));
      version.getFailuresList().forEach(failure -> session.out().println("  " + failure));
    }
  }

  private static ObjectNode json(ModelVersion version) {
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
    return node;
  }
}
