package dev.unmask.cli.models;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.store.StoreException;
import dev.unmask.store.signing.Ed25519Keys;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code unmask keys}: keys that sign checkpoints. */
@Command(
    name = "keys",
    description = {
      "Keys that sign checkpoints. Trainers sign with unmask.store.signing-key; samplers that are",
      "given unmask.store.trusted-keys serve nothing else. To replace a key, trust both for a while."
    },
    subcommands = KeysCommand.Generate.class)
public final class KeysCommand implements Callable<Integer> {

  private final Session session;

  @Spec private CommandSpec spec;

  public KeysCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    spec.commandLine().usage(session.err());
    return CommandLine.ExitCode.USAGE;
  }

  /** {@code unmask keys generate}. */
  @Command(
      name = "generate",
      description = "Makes an Ed25519 pair: NAME.key, which only you can read, and NAME.pub.")
  public static final class Generate implements Callable<Integer> {

    private final Session session;

    @Option(
        names = "--out",
        paramLabel = "DIR",
        defaultValue = ".",
        description = "Where the two files go; default: here.")
    private Path out = Path.of(".");

    @Option(
        names = "--name",
        paramLabel = "NAME",
        defaultValue = "unmask",
        description = "Their name; default: ${DEFAULT-VALUE}.")
    private String name = "unmask";

    public Generate(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() throws StoreException {
      Ed25519Keys.Pair pair = Ed25519Keys.generate(out, name);
      if (session.json()) {
        ObjectNode node = Json.object();
        node.put("key_id", pair.keyId());
        node.put("private_key", pair.privateKey().toString());
        node.put("public_key", pair.publicKey().toString());
        session.out().println(Json.line(node));
      } else {
        session
            .out()
            .printf(
                "%s%nprivate  %s (keep it to yourself)%npublic   %s%n",
                pair.keyId(), pair.privateKey(), pair.publicKey());
      }
      return 0;
    }
  }
}
