package dev.unmask.cli.models;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.CliException;
import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.cli.client.EndpointOption;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.cli.endpoint.Kafka;
import dev.unmask.store.ArtifactStore;
import dev.unmask.store.Digest;
import dev.unmask.store.StoreException;
import dev.unmask.store.gc.GarbageCollection;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code unmask gc}: frees the space of what nobody needs. */
@Command(
    name = "gc",
    description = {
      "Removes from the store what nobody needs. What stays: whatever an alias points to or would",
      "go back to, a sampler holds, a job works with, a lease names, the last versions of each",
      "model, the bases of all these, and every uploaded file. What is younger than an hour stays."
    })
public final class GcCommand implements Callable<Integer> {

  private static final Duration GRACE = Duration.ofHours(1);

  private final Session session;

  @Mixin private EndpointOption endpoint;

  @Option(
      names = "--keep",
      paramLabel = "N",
      defaultValue = "3",
      description = "Versions of each model that stay; default ${DEFAULT-VALUE}, at least 1.")
  private int keep = 3;

  @Option(names = "--dry-run", description = "Only says what would go.")
  private boolean dryRun;

  @Option(
      names = "--kafka",
      paramLabel = "HOST:PORT",
      description = "Kafka of the cluster; default: that of the `unmask up` of this machine.")
  private @Nullable String kafka;

  @Option(
      names = "--store",
      paramLabel = "ADDRESS",
      description = "The artifact store of the cluster; default: that of the `unmask up`.")
  private @Nullable String store;

  public GcCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws StoreException {
    if (keep < 1) {
      throw CliException.usage("--keep is " + keep + "; at least 1 version of a model has to stay");
    }
    ArtifactStore target = StoredModel.store(session, store);
    ModelPublication publication =
        new ModelPublication(Kafka.find(session, kafka, ", --store and --endpoint"));
    ClusterNeeds needs;
    try (GatewayClient client = GatewayClient.open(session, endpoint)) {
      needs = ClusterNeeds.of(client, publication.aliases(), keep, Clock.systemUTC().instant());
    }
    if (!dryRun) {
      // Nobody shall begin to load what is about to go.
      publication.withdraw(needs.superfluous());
    }
    GarbageCollection.Report report =
        GarbageCollection.run(target, needs.digests(), GRACE, dryRun, Clock.systemUTC());
    print(report, needs.superfluous());
    return report.whole() ? 0 : 1;
  }

  private void print(GarbageCollection.Report report, List<ModelPublication.Withdrawn> versions) {
    if (session.json()) {
      ObjectNode node = Json.object();
      node.put("dry_run", dryRun);
      var models = node.putArray("versions");
      versions.forEach(v -> models.add(v.model() + "@" + v.digest()));
      report.manifests().stream().map(Digest::toString).forEach(node.putArray("manifests")::add);
      node.put("blobs", report.blobs().size());
      node.put("bytes", report.bytes());
      node.put("kept_manifests", report.keptManifests());
      node.put("kept_blobs", report.keptBlobs());
      node.put("whole", report.whole());
      session.out().println(Json.line(node));
      return;
    }
    versions.forEach(v -> session.out().println(v.model() + " " + v.digest()));
    session
        .out()
        .printf(
            Locale.ROOT,
            "%s %d checkpoints and %d blobs of %.1f MB; %d checkpoints and %d blobs stay%n",
            dryRun ? "would remove" : "removed",
            report.manifests().size(),
            report.blobs().size(),
            report.bytes() / 1e6,
            report.keptManifests(),
            report.keptBlobs());
    if (!report.whole()) {
      session.err().println("the time was over before the end; run it again");
    }
  }
}
