package dev.unmask.cli.models;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.cli.client.EndpointOption;
import dev.unmask.store.StoreException;
import dev.unmask.store.signing.CheckpointSignatures;
import dev.unmask.store.signing.SigningKey;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code unmask sign}: vouches for a published model. */
@Command(
    name = "sign",
    description = {
      "Signs a published model: a statement of the sha256 of its manifest and of every file. Its",
      "digest stays what it is; signatures of other keys stay, too."
    })
public final class SignCommand implements Callable<Integer> {

  private final Session session;

  @Mixin private EndpointOption endpoint;

  @Parameters(paramLabel = "MODEL", description = "NAME, NAME@ALIAS or a digest.")
  private @Nullable String name;

  @Option(
      names = "--key",
      paramLabel = "FILE",
      required = true,
      description = "The private key, NAME.key, with NAME.pub beside it.")
  private @Nullable Path key;

  @Option(
      names = "--store",
      paramLabel = "ADDRESS",
      description = "The artifact store; default: that of the `unmask up` of this machine.")
  private @Nullable String store;

  public SignCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws StoreException {
    SigningKey signing = SigningKey.read(Objects.requireNonNull(key));
    StoredModel model = StoredModel.find(session, Objects.requireNonNull(name), store, endpoint);
    CheckpointSignatures.sign(model.store(), model.manifest(), signing);
    if (session.json()) {
      ObjectNode node = Json.object();
      node.put("digest", model.manifest().digest().toString());
      node.put("key_id", signing.id());
      session.out().println(Json.line(node));
    } else {
      session.out().println(model.manifest().digest() + " is signed by " + signing.id());
    }
    return 0;
  }
}
