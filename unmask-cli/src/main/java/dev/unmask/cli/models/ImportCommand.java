package dev.unmask.cli.models;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.broker.BrokerException;
import dev.unmask.broker.ClusterTopics;
import dev.unmask.cli.CliException;
import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.cli.endpoint.Discovery;
import dev.unmask.cli.endpoint.Endpoints;
import dev.unmask.store.FolderStore;
import dev.unmask.store.Manifest;
import dev.unmask.store.StoreException;
import dev.unmask.v1.ActivateModelRequest;
import dev.unmask.v1.ListModelsRequest;
import dev.unmask.v1.ModelAlias;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code unmask import}: a Hugging Face folder becomes a model of the cluster. */
@Command(
    name = "import",
    description = {
      "Puts a Hugging Face model folder into the store and tells the cluster about it.",
      "Does nothing when the cluster has exactly these files under that name."
    })
public final class ImportCommand implements Callable<Integer> {

  private final Session session;

  @Parameters(
      paramLabel = "DIR",
      description = "Holds config.json, *.safetensors, tokenizer.json, tokenizer_config.json.")
  private Path folder = Path.of("");

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "The model's name; default: the folder's.")
  private @Nullable String name;

  @Option(
      names = "--alias",
      paramLabel = "NAME",
      description =
          "Points this alias to it when it is new; `default` answers requests without one.")
  private @Nullable String alias;

  @Option(
      names = "--kafka",
      paramLabel = "HOST:PORT",
      description = "Kafka of the cluster; default: that of the `unmask up` of this machine.")
  private @Nullable String kafka;

  @Option(
      names = "--store",
      paramLabel = "DIR",
      description = "The artifact store of the cluster; default: that of the `unmask up`.")
  private @Nullable Path store;

  public ImportCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws StoreException, BrokerException {
    ModelFolder model = ModelFolder.at(folder, name);
    Optional<Endpoints> local = Discovery.local(session);
    String bootstrap = chosen(kafka, local.map(Endpoints::kafka), "--kafka");
    Path root =
        Path.of(
            chosen(
                store == null ? null : store.toString(), local.map(Endpoints::store), "--store"));
    Manifest manifest = model.importInto(FolderStore.open(root));
    var unusedNames = ClusterTopics.create(bootstrap, manifest.base());
    ModelPublication publication = new ModelPublication(bootstrap);
    ModelPublication.Change change =
        alias != null && kafka == null && local.isPresent()
            ? publish(publication, manifest, local.get().grpc(), alias)
            : publication.publish(manifest, Optional.ofNullable(alias), "import");
    if (session.json()) {
      ObjectNode node = Json.object();
      node.put("model", manifest.model());
      node.put("digest", manifest.digest().toString());
      node.put("change", change.name().toLowerCase(Locale.ROOT));
      session.out().println(Json.line(node));
    } else {
      session.out().println(manifest.model() + " " + manifest.digest());
      session.err().println(said(change));
    }
    return 0;
  }

  /** An alias that points somewhere moves by the cluster's rules: samplers first, then gates. */
  private static ModelPublication.Change publish(
      ModelPublication publication, Manifest manifest, String gateway, String alias) {
    try (GatewayClient client = GatewayClient.to(gateway)) {
      boolean moves =
          client
              .models()
              .list(ListModelsRequest.newBuilder().setName(manifest.model()).build())
              .getAliasesList()
              .stream()
              .anyMatch(known -> known.getAlias().equals(alias));
      if (!moves) {
        return publication.publish(manifest, Optional.of(alias), "import");
      }
      ModelPublication.Change change = publication.publish(manifest, Optional.empty(), "import");
      if (change == ModelPublication.Change.NOTHING) {
        return change;
      }
      ModelAlias unused =
          client
              .models()
              .activate(
                  ActivateModelRequest.newBuilder()
                      .setModel(manifest.model() + "@" + manifest.digest())
                      .setAlias(alias)
                      .setReason("import")
                      .build());
      return ModelPublication.Change.CHECKPOINT_AND_ALIAS;
    }
  }

  private String said(ModelPublication.Change change) {
    return switch (change) {
      case NOTHING -> "the cluster has it already; nothing was changed";
      case ALIAS -> "the cluster had it already; the alias " + alias + " is new";
      case CHECKPOINT -> "published";
      case CHECKPOINT_AND_ALIAS -> "published, and " + alias + " points to it";
    };
  }

  private static String chosen(@Nullable String given, Optional<String> local, String option) {
    if (given != null) {
      return given;
    }
    return local.orElseThrow(() ->
        CliException.usage(
            "no cluster runs on this machine; start one with `unmask up`, or give " + option));
  }
}
