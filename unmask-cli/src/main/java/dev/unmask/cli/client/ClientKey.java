package dev.unmask.cli.client;

import dev.unmask.cli.CliException;
import dev.unmask.cli.Session;
import io.grpc.ClientInterceptor;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The API key that calls carry. It comes from the environment or from a file, never from an
 * argument: everybody on a machine sees the arguments of its processes.
 */
public final class ClientKey {

  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private ClientKey() {}

  /**
   * The key of this session, if it has one.
   *
   * @param file what the command line names, if it does
   * @throws CliException when a file cannot be read, or holds no key
   */
  public static Optional<String> of(Session session, @Nullable Path file) {
    if (file != null) {
      return Optional.of(read(file, "--api-key-file"));
    }
    String key = session.environment().getOrDefault("UNMASK_API_KEY", "").strip();
    if (!key.isEmpty()) {
      return Optional.of(checked(key, "UNMASK_API_KEY"));
    }
    String named = session.environment().getOrDefault("UNMASK_API_KEY_FILE", "").strip();
    return named.isEmpty()
        ? Optional.empty()
        : Optional.of(read(Path.of(named), "UNMASK_API_KEY_FILE"));
  }

  private static String read(Path file, String where) {
    try {
      return checked(Files.readString(file).strip(), where);
    } catch (IOException e) {
      throw new CliException(
          "the key file " + file + " (" + where + ") could not be read: " + e.getMessage(), e);
    }
  }

  private static String checked(String key, String where) {
    if (key.isEmpty() || !key.chars().allMatch(c -> c > 0x20 && c < 0x7f)) {
      throw CliException.usage(
          where + " holds no key: it must be one line of printable characters without spaces");
    }
    return key;
  }

  /** Puts a key on every call. */
  static ClientInterceptor sending(String key) {
    Metadata headers = new Metadata();
    headers.put(AUTHORIZATION, "Bearer " + key);
    return MetadataUtils.newAttachHeadersInterceptor(headers);
  }
}
