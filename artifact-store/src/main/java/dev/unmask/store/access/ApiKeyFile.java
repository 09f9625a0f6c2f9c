package dev.unmask.store.access;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.unmask.store.StoreException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Keys in a file: one JSON object with a list, readable and writable by its owner alone. */
public final class ApiKeyFile {

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enable(SerializationFeature.INDENT_OUTPUT)
          .build();

  private ApiKeyFile() {}

  private record Listed(@Nullable List<Entry> keys) {}

  @JsonInclude(JsonInclude.Include.NON_NULL)
  private record Entry(
      @Nullable String id,
      @Nullable String name,
      @Nullable String tenant,
      @Nullable List<String> roles,
      @Nullable String createdAt,
      @Nullable String expiresAt,
      @Nullable String salt,
      @Nullable String sha256) {}

  /**
   * Reads keys.
   *
   * @throws StoreException with what is wrong and where, without any part of a hash
   */
  public static ApiKeys read(Path file) throws StoreException {
    try {
      Listed listed = JSON.readValue(Files.readAllBytes(file), Listed.class);
      if (listed == null || listed.keys() == null) {
        throw StoreException.invalid(
            "the key file "
                + file
                + " must hold {\"keys\": [...]}; `unmask api-keys create` makes"
                + " one");
      }
      List<ApiKey> keys = new ArrayList<>();
      for (Entry entry : listed.keys()) {
        keys.add(key(keys.size(), entry));
      }
      return ApiKeys.of(keys);
    } catch (StoreException e) {
      throw new StoreException(e.reason(), "the key file " + file + ": " + e.getMessage(), e);
    } catch (NoSuchFileException e) {
      throw new StoreException(StoreException.Reason.NOT_FOUND, "there is no key file " + file, e);
    } catch (JsonProcessingException e) {
      // Jackson's message would quote the file.
      throw StoreException.invalid(
          "the key file "
              + file
              + " is no list of keys: line "
              + (e.getLocation() == null ? 0 : e.getLocation().getLineNr())
              + " is not what it should be");
    } catch (IOException e) {
      throw StoreException.storage("the key file " + file + " could not be read", e);
    }
  }

  private static ApiKey key(int index, @Nullable Entry entry) throws StoreException {
    try {
      Entry e = Objects.requireNonNull(entry);
      return new ApiKey(
          Objects.requireNonNull(e.id()),
          Objects.requireNonNull(e.name()),
          Objects.requireNonNull(e.tenant()),
          Objects.requireNonNull(e.roles()),
          Instant.parse(Objects.requireNonNull(e.createdAt())),
          e.expiresAt() == null ? Optional.empty() : Optional.of(Instant.parse(e.expiresAt())),
          Objects.requireNonNull(e.salt()),
          Objects.requireNonNull(e.sha256()));
    } catch (NullPointerException | DateTimeException e) {
      throw new StoreException(
          StoreException.Reason.INVALID,
          "keys["
              + index
              + "] must have id, name, tenant, roles, created_at, salt and sha256, and times such"
              + " as 2026-01-31T00:00:00Z",
          e);
    }
  }

  /** Replaces the file; a reader sees the old keys or the new ones. */
  public static void write(Path file, ApiKeys keys) throws StoreException {
    Listed listed =
        new Listed(
            keys.all().stream()
                .map(key ->
                    new Entry(
                        key.id(),
                        key.name(),
                        key.tenant(),
                        key.roles(),
                        key.createdAt().toString(),
                        key.expiresAt().map(Instant::toString).orElse(null),
                        key.salt(),
                        key.sha256()))
                .toList());
    Path place = file.toAbsolutePath();
    Path temporary = place.resolveSibling(place.getFileName() + ".tmp");
    try {
      Files.createDirectories(Objects.requireNonNull(place.getParent()));
      Files.deleteIfExists(temporary);
      if (place.getFileSystem().supportedFileAttributeViews().contains("posix")) {
        Files.createFile(
            temporary,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      }
      Files.write(temporary, JSON.writeValueAsBytes(listed));
      Files.move(
          temporary, place, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw StoreException.storage("the key file " + file + " could not be written", e);
    }
  }
}
