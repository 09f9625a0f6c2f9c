package dev.unmask.cli.models;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.broker.BrokerException;
import dev.unmask.broker.ClusterTopics;
import dev.unmask.cli.CliException;
import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.cli.client.EndpointOption;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.cli.endpoint.Discovery;
import dev.unmask.cli.endpoint.Endpoints;
import dev.unmask.cli.endpoint.Kafka;
import dev.unmask.kafka.KafkaAccess;
import dev.unmask.store.AdapterFolders;
import dev.unmask.store.ArtifactStore;
import dev.unmask.store.Manifest;
import dev.unmask.store.ManifestFacts;
import dev.unmask.store.StoreException;
import dev.unmask.store.signing.CheckpointSignatures;
import dev.unmask.store.signing.SigningKey;
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
      "Puts a Hugging Face model folder, or an adapter's in PEFT's format, into the store and tells",
      "the cluster about it.",
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
      names = "--base",
      paramLabel = "MODEL",
      description =
          "What an adapter sits on: NAME, NAME@ALIAS or a digest. Adapters need it; models are"
              + " their own base.")
  private @Nullable String base;

  @Option(
      names = "--sign-key",
      paramLabel = "FILE",
      description = "Private key that signs it; see `unmask keys generate`.")
  private @Nullable Path signKey;

  @Option(
      names = "--kafka",
      paramLabel = "HOST:PORT",
      description = "Kafka of the cluster; default: that of the `unmask up` of this machine.")
  private @Nullable String kafka;

  @Option(
      names = "--store",
      paramLabel = "ADDRESS",
      description =
          "The artifact store of the cluster, a folder or s3://…; default: that of the `unmask up`.")
  private @Nullable String store;

  public ImportCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws StoreException, BrokerException {
    Optional<Endpoints> local = Discovery.local(session);
    KafkaAccess access = Kafka.find(session, kafka, "");
    ArtifactStore target = StoredModel.store(session, store);
    Manifest imported = AdapterFolders.isAdapter(folder) ? adapter(target) : model(target);
    var unusedNames = ClusterTopics.create(access, imported.base());
    ModelPublication publication = new ModelPublication(access);
    Manifest manifest = publication.asPublished(imported);
    if (signKey != null) {
      CheckpointSignatures.sign(target, manifest, SigningKey.read(signKey));
    }
    ModelPublication.Change change =
        alias != null && kafka == null && local.isPresent()
            ? publish(publication, manifest, local.get(), alias)
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
  private ModelPublication.Change publish(
      ModelPublication publication, Manifest manifest, Endpoints gateway, String alias) {
    try (GatewayClient client = GatewayClient.to(gateway, session)) {
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

  private Manifest model(ArtifactStore target) {
    ModelFolder model = ModelFolder.at(folder, name);
    if (base != null) {
      throw CliException.usage(
          "--base is for adapters; " + folder + " holds a whole model, which is its own base");
    }
    RunnableModel.require(session, folder);
    return model.importInto(target);
  }

  private Manifest adapter(ArtifactStore target) throws StoreException {
    if (base == null) {
      throw CliException.usage(
          folder + " holds an adapter; say with --base which model of the cluster it sits on");
    }
    Manifest sitsOn = StoredModel.find(session, base, store, new EndpointOption()).manifest();
    ModelFolder adapter = ModelFolder.named(folder, name);
    return AdapterFolders.importFolder(
        target,
        folder,
        sitsOn,
        ManifestFacts.importedAdapter(
            adapter.name(), sitsOn, AdapterFolders.kind(folder), adapter.licence()));
  }

  private String said(ModelPublication.Change change) {
    return switch (change) {
      case NOTHING -> "the cluster has it already; nothing was changed";
      case ALIAS -> "the cluster had it already; the alias " + alias + " is new";
      case CHECKPOINT -> "published";
      case CHECKPOINT_AND_ALIAS -> "published, and " + alias + " points to it";
    };
  }
}
