package dev.unmask.store.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.unmask.store.StoreException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ApiKeyFileTest {

  private static final Instant NOW = Instant.parse("2026-05-01T00:00:00Z");

  @TempDir private Path folder;

  private static ApiKeys.Made made(String name) throws StoreException {
    return ApiKeys.make(name, "acme", List.of("user"), NOW, Optional.empty());
  }

  @Test
  void aKeyIsFoundByItsSecretAndByNothingElse() throws Exception {
    ApiKeys.Made one = made("one");
    ApiKeys.Made two = made("two");
    Path file = folder.resolve("below/keys.json");
    ApiKeyFile.write(file, ApiKeys.none().with(one.key()).with(two.key()));
    ApiKeys read = ApiKeyFile.read(file);
    assertThat(read.find(one.secret())).contains(one.key());
    assertThat(read.find(two.secret())).contains(two.key());
    assertThat(read.find(made("three").secret())).isEmpty();
    assertThat(read.find(one.secret() + "x")).isEmpty();
    assertThat(read.find("unmask-" + two.key().id() + one.secret().substring(19))).isEmpty();
    for (String nonsense : new String[] {"", "unmask-", "unmask--", "unmask-x", "Bearer x"}) {
      assertThat(read.find(nonsense)).as(nonsense).isEmpty();
    }
    assertThat(read.without(one.key().id()).find(one.secret())).as("revoked").isEmpty();
  }

  @Test
  void theFileHoldsNoSecretAndIsItsOwnersAlone() throws Exception {
    ApiKeys.Made one = made("one");
    Path file = folder.resolve("keys.json");
    ApiKeyFile.write(file, ApiKeys.none().with(one.key()));
    String secret = one.secret().substring(one.secret().indexOf('-', 8) + 1);
    assertThat(Files.readString(file)).contains("acme").doesNotContain(secret);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
  }

  @Test
  void aKeyMayEndByItself() throws Exception {
    ApiKey key =
        ApiKeys.make("ends", "acme", List.of("user"), NOW, Optional.of(NOW.plusSeconds(60))).key();
    ApiKeyFile.write(folder.resolve("keys.json"), ApiKeys.none().with(key));
    ApiKey read = ApiKeyFile.read(folder.resolve("keys.json")).all().getFirst();
    assertThat(read.expired(NOW.plusSeconds(59))).isFalse();
    assertThat(read.expired(NOW.plusSeconds(60))).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "[]",
        "null",
        "{}",
        "{\"keys\": [null]}",
        "{\"keys\": [{\"id\": \"abc\"}]}",
        "{\"keys\": [], \"more\": 1}",
        "{\"keys\": [{\"id\":\"0123456789ab\",\"name\":\"n\",\"tenant\":\"t t\",\"roles\":[\"user\"],"
            + "\"created_at\":\"2026-05-01T00:00:00Z\",\"salt\":\"\",\"sha256\":\"\"}]}",
        "{\"keys\": [{\"id\":\"0123456789ab\",\"name\":\"n\",\"tenant\":\"t\",\"roles\":[\"king\"],"
            + "\"created_at\":\"2026-05-01T00:00:00Z\",\"salt\":\"\",\"sha256\":\"\"}]}"
      })
  void aBadFileIsRefusedInASentence(String content) throws Exception {
    Path file = folder.resolve("keys.json");
    Files.writeString(file, content);
    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(() -> ApiKeyFile.read(file))
        .withMessageContaining("key file " + file);
  }

  @Test
  void aMissingFileAndAnUnknownIdAreSaid() {
    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(() -> ApiKeyFile.read(folder.resolve("none")))
        .withMessageContaining("there is no key file");
    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(() -> ApiKeys.none().without("0123456789ab"))
        .withMessageContaining("0123456789ab");
  }
}
