package dev.unmask.cli.endpoint;

import dev.unmask.cli.CliException;
import dev.unmask.cli.Session;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Finds the cluster a command talks to: {@code --endpoint}, else {@code UNMASK_ENDPOINT}, else the
 * {@code unmask up} that runs on this machine.
 */
public final class Discovery {

  /** Names the data folder of the {@code up} that was started last, wherever it is. */
  static final String POINTER = "running";

  private Discovery() {}

  /** Where {@code up} keeps its data when nobody says otherwise. */
  public static Path defaultDataFolder(Session session) {
    return session.home().resolve(".unmask");
  }

  /**
   * The address of the API, as {@code host:port}.
   *
   * @throws CliException when nothing is given and nothing runs, or what is given is no address
   */
  public static String api(Session session, @Nullable String option) {
    if (option != null) {
      return checked(option, "--endpoint");
    }
    String variable = session.environment().getOrDefault("UNMASK_ENDPOINT", "");
    if (!variable.isBlank()) {
      return checked(variable.strip(), "UNMASK_ENDPOINT");
    }
    return local(session)
        .map(Endpoints::grpc)
        .orElseThrow(() ->
            new CliException(
                "no cluster runs on this machine; start one with `unmask up`, or name one with"
                    + " --endpoint HOST:PORT or UNMASK_ENDPOINT"));
  }

  /** The cluster that {@code unmask up} runs on this machine, if one does. */
  public static Optional<Endpoints> local(Session session) {
    Path usual = defaultDataFolder(session);
    return running(usual).or(() -> pointedTo(usual).flatMap(Discovery::running));
  }

  /** Where the {@code unmask up} that runs on this machine keeps its data. */
  public static Optional<Path> dataFolder(Session session) {
    Path usual = defaultDataFolder(session);
    return running(usual).isPresent()
        ? Optional.of(usual)
        : pointedTo(usual).filter(other -> running(other).isPresent());
  }

  /** Remembers that an {@code up} runs in a data folder, so that clients find it. */
  public static void announce(Session session, Path dataFolder) throws IOException {
    Path usual = defaultDataFolder(session);
    if (!dataFolder.equals(usual)) {
      Files.createDirectories(usual);
      Files.writeString(usual.resolve(POINTER), dataFolder + "\n");
    }
  }

  private static Optional<Path> pointedTo(Path usual) {
    try {
      return Optional.of(Path.of(Files.readString(usual.resolve(POINTER)).strip()));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static Optional<Endpoints> running(Path dataFolder) {
    try {
      return Optional.of(Endpoints.read(dataFolder)).filter(Endpoints::alive);
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static String checked(String given, String where) {
    // A scheme says whether calls are encrypted, which is not this class's business.
    String address = given.replaceFirst("^https?://", "").replaceFirst("/$", "");
    int colon = address.lastIndexOf(':');
    int port = -1;
    try {
      port = colon > 0 ? Integer.parseInt(address.substring(colon + 1)) : -1;
    } catch (NumberFormatException e) {
      // Told below, like a missing port.
    }
    if (port < 1 || port > 65535) {
      throw CliException.usage(
          where + " is '" + given + "'; it must be HOST:PORT, for example 127.0.0.1:8650");
    }
    return address;
  }
}
