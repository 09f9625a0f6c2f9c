package dev.unmask.cli.models;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.CliException;
import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.store.StoreException;
import dev.unmask.store.access.ApiKey;
import dev.unmask.store.access.ApiKeyFile;
import dev.unmask.store.access.ApiKeys;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code unmask api-keys}: who may call a gateway. */
@Command(
    name = "api-keys",
    description = {
      "Keys for the API of a cluster, in a file that the gateway is given (`unmask up --api-keys",
      "FILE`, unmask.gateway.api-keys). The file holds hashes only, and the gateway sees every",
      "change within a second."
    },
    subcommands = {
      ApiKeysCommand.Create.class,
      ApiKeysCommand.ListKeys.class,
      ApiKeysCommand.Revoke.class
    })
public final class ApiKeysCommand implements Callable<Integer> {

  private final Session session;

  @Spec private CommandSpec spec;

  public ApiKeysCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    spec.commandLine().usage(session.err());
    return CommandLine.ExitCode.USAGE;
  }

  /** Which file. */
  static final class FileOption {

    @Option(
        names = "--file",
        paramLabel = "FILE",
        defaultValue = "api-keys.json",
        description = "The file of keys; default: ${DEFAULT-VALUE}.")
    private Path file = Path.of("api-keys.json");

    private ApiKeys read() {
      try {
        return ApiKeyFile.read(file);
      } catch (StoreException e) {
        throw new CliException(String.valueOf(e.getMessage()), e);
      }
    }
  }

  /** {@code unmask api-keys create}. */
  @Command(
      name = "create",
      description = "Makes a key, adds it to the file and prints it, this once.")
  public static final class Create implements Callable<Integer> {

    private final Session session;

    @CommandLine.Mixin private FileOption keys;

    @Parameters(paramLabel = "NAME", description = "What the key is called, for people.")
    private String name = "";

    @Option(
        names = "--tenant",
        paramLabel = "NAME",
        defaultValue = "default",
        description =
            "Whose key it is: tenants do not see each other's jobs, files and models; default:"
                + " ${DEFAULT-VALUE}.")
    private String tenant = "default";

    @Option(
        names = "--role",
        paramLabel = "ROLE",
        split = ",",
        defaultValue = "user",
        description =
            "user, admin (also aliases, quotas, the gateway itself) or metrics; default:"
                + " ${DEFAULT-VALUE}.")
    private List<String> roles = List.of("user");

    @Option(
        names = "--expires-in",
        paramLabel = "TIME",
        description = "After which it counts no more, such as P90D or PT12H; default: never.")
    private @Nullable String expiresIn;

    public Create(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() throws StoreException {
      Instant now = Instant.now();
      ApiKeys.Made made;
      try {
        made = ApiKeys.make(name, tenant, roles, now, end(now));
      } catch (StoreException e) {
        throw CliException.usage(String.valueOf(e.getMessage()));
      }
      ApiKeys before = Files.exists(keys.file) ? keys.read() : ApiKeys.none();
      ApiKeyFile.write(keys.file, before.with(made.key()));
      if (session.json()) {
        session.out().println(Json.line(node(made.key()).put("key", made.secret())));
      } else {
        session.remark(
            "added to " + keys.file + "; the key is shown this once, its file holds only a hash");
        session.out().println(made.secret());
      }
      return 0;
    }

    private Optional<Instant> end(Instant now) {
      if (expiresIn == null) {
        return Optional.empty();
      }
      try {
        Duration life = Duration.parse(expiresIn);
        if (life.isPositive()) {
          return Optional.of(now.plus(life));
        }
      } catch (DateTimeParseException e) {
        // Told below, like a time that is not positive.
      }
      throw CliException.usage(
          "--expires-in is '" + expiresIn + "'; it must be a time such as P90D or PT12H");
    }
  }

  /** {@code unmask api-keys list}. */
  @Command(name = "list", description = "Lists the keys of the file, without their secrets.")
  public static final class ListKeys implements Callable<Integer> {

    private final Session session;

    @CommandLine.Mixin private FileOption keys;

    public ListKeys(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      for (ApiKey key : keys.read().all()) {
        if (session.json()) {
          session.out().println(Json.line(node(key)));
        } else {
          session
              .out()
              .printf(
                  "%s  %-20s %-16s %-12s %s%n",
                  key.id(),
                  key.name(),
                  key.tenant(),
                  String.join(",", key.roles()),
                  key.expiresAt().map(end -> "until " + end).orElse(""));
        }
      }
      return 0;
    }
  }

  /** {@code unmask api-keys revoke}. */
  @Command(
      name = "revoke",
      description = "Takes a key out of the file; gateways refuse it at once.")
  public static final class Revoke implements Callable<Integer> {

    private final Session session;

    @CommandLine.Mixin private FileOption keys;

    @Parameters(paramLabel = "ID", description = "The key's id, as `list` shows it.")
    private String id = "";

    public Revoke(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() throws StoreException {
      ApiKeys rest;
      try {
        rest = keys.read().without(id);
      } catch (StoreException e) {
        throw new CliException(e.getMessage() + " in " + keys.file, e);
      }
      ApiKeyFile.write(keys.file, rest);
      session.remark("revoked " + id);
      return 0;
    }
  }

  private static ObjectNode node(ApiKey key) {
    ObjectNode node =
        Json.object().put("id", key.id()).put("name", key.name()).put("tenant", key.tenant());
    key.roles().forEach(node.putArray("roles")::add);
    node.put("created_at", key.createdAt().toString());
    key.expiresAt().ifPresent(end -> node.put("expires_at", end.toString()));
    return node;
  }
}
