package dev.unmask.cli.models;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.CliException;
import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.cli.client.EndpointOption;
import dev.unmask.store.CheckpointFolders;
import dev.unmask.store.Manifest;
import dev.unmask.store.StoreException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code unmask export}: a published model becomes a folder again. */
@Command(
    name = "export",
    description = {
      "Writes a published model as a folder that transformers or PEFT can read: the files that were",
      "imported or trained, byte for byte, each checked against its digest."
    })
public final class ExportCommand implements Callable<Integer> {

  private static final String MODEL = "hf";
  private static final String ADAPTER = "peft";

  private final Session session;

  @Mixin private EndpointOption endpoint;

  @Parameters(paramLabel = "MODEL", description = "NAME, NAME@ALIAS or a digest.")
  private @Nullable String name;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      required = true,
      description = "An empty or a new folder.")
  private @Nullable Path out;

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description = "hf for whole weights, peft for an adapter; default: what the model is.")
  private @Nullable String format;

  @Option(
      names = "--store",
      paramLabel = "ADDRESS",
      description = "The artifact store; default: that of the `unmask up` of this machine.")
  private @Nullable String store;

  public ExportCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws StoreException {
    StoredModel model = StoredModel.find(session, Objects.requireNonNull(name), store, endpoint);
    Manifest manifest = model.manifest();
    refuseOtherFormat(manifest);
    Path folder = Objects.requireNonNull(out).toAbsolutePath().normalize();
    CheckpointFolders.export(model.store(), manifest, folder);
    if (session.json()) {
      ObjectNode node = Json.object();
      node.put("model", manifest.model());
      node.put("digest", manifest.digest().toString());
      node.put("folder", folder.toString());
      node.put("files", manifest.files().size());
      node.put("bytes", manifest.totalSize());
      session.out().println(Json.line(node));
    } else {
      session
          .out()
          .printf(
              "%s %s%n%d files in %s%n",
              manifest.model(), manifest.digest(), manifest.files().size(), folder);
    }
    return 0;
  }

  private void refuseOtherFormat(Manifest manifest) {
    if (format != null && !format.equals(MODEL) && !format.equals(ADAPTER)) {
      throw CliException.usage("--format is '" + format + "'; it has to be hf or peft");
    }
    String fitting = manifest.kind().needsBase() ? ADAPTER : MODEL;
    if (format != null && !format.equals(fitting)) {
      throw new CliException(
          fitting.equals(MODEL)
              ? "'"
                  + manifest.model()
                  + "' holds whole weights, not an adapter; use --format hf (the adapter of a"
                  + " merged model is a file of its job: `unmask jobs ID` names it)"
              : "'"
                  + manifest.model()
                  + "' is an adapter on "
                  + manifest.baseDigest()
                  + "; use --format peft, and export its base by that digest");
    }
  }
}
