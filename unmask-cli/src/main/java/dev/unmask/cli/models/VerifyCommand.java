package dev.unmask.cli.models;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.cli.client.EndpointOption;
import dev.unmask.store.ManifestFile;
import dev.unmask.store.StoreException;
import dev.unmask.store.signing.CheckpointSignatures;
import dev.unmask.store.signing.TrustedKeys;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code unmask verify}: whether a published model is whole, and who vouches for it. */
@Command(
    name = "verify",
    description = {
      "Reads every file of a published model, checks its digest and, with --key, that a trusted key",
      "has signed exactly these files. Exits 1 with the reason when anything is wrong."
    })
public final class VerifyCommand implements Callable<Integer> {

  private final Session session;

  @Mixin private EndpointOption endpoint;

  @Parameters(paramLabel = "MODEL", description = "NAME, NAME@ALIAS or a digest.")
  private @Nullable String name;

  @Option(
      names = "--key",
      paramLabel = "FILE",
      description = "A public key, or a folder of them; may be given several times.")
  private List<Path> keys = new ArrayList<>();

  @Option(
      names = "--store",
      paramLabel = "ADDRESS",
      description = "The artifact store; default: that of the `unmask up` of this machine.")
  private @Nullable String store;

  public VerifyCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws StoreException {
    TrustedKeys trusted = keys.isEmpty() ? TrustedKeys.none() : TrustedKeys.read(keys);
    StoredModel model = StoredModel.find(session, Objects.requireNonNull(name), store, endpoint);
    for (ManifestFile file : model.manifest().files()) {
      Path unused = model.store().localBlob(file.digest());
    }
    List<String> signers =
        trusted.areRequired()
            ? CheckpointSignatures.verify(model.store(), model.manifest(), trusted)
            : List.of();
    if (session.json()) {
      ObjectNode node = Json.object();
      node.put("digest", model.manifest().digest().toString());
      node.put("files", model.manifest().files().size());
      signers.forEach(node.putArray("signed_by")::add);
      session.out().println(Json.line(node));
    } else {
      session
          .out()
          .println(
              model.manifest().digest()
                  + ": "
                  + model.manifest().files().size()
                  + " files, all whole");
      signers.forEach(signer -> session.out().println("signed by " + signer));
      if (!trusted.areRequired()) {
        session.err().println("signatures were not looked at; give --key");
      }
    }
    return 0;
  }
}
