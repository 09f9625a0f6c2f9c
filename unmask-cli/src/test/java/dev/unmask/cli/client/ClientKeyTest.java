package dev.unmask.cli.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.unmask.cli.CliException;
import dev.unmask.cli.TestSession;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ClientKeyTest {

  @TempDir private Path folder;

  private Optional<String> key(Map<String, String> environment, @Nullable Path file) {
    return ClientKey.of(new TestSession(folder, environment, "").session(), file);
  }

  @Test
  void theOptionIsNearerThanTheKeyAndTheKeyThanItsFile() throws Exception {
    Path option = Files.writeString(folder.resolve("option"), "from-option\n");
    Path named = Files.writeString(folder.resolve("named"), "from-file\n");
    Map<String, String> both =
        Map.of("UNMASK_API_KEY", " from-variable ", "UNMASK_API_KEY_FILE", named.toString());
    assertThat(key(both, option)).contains("from-option");
    assertThat(key(both, null)).contains("from-variable");
    assertThat(key(Map.of("UNMASK_API_KEY_FILE", named.toString()), null)).contains("from-file");
    assertThat(key(Map.of(), null)).isEmpty();
  }

  @Test
  void aFileWithoutAKeyIsSaidAndNotShown() throws Exception {
    Path two = Files.writeString(folder.resolve("two"), "secret words");
    assertThatThrownBy(() -> key(Map.of(), two))
        .isInstanceOf(CliException.class)
        .hasMessageContaining("--api-key-file")
        .hasMessageNotContaining("secret");
    assertThatThrownBy(() -> key(Map.of(), folder.resolve("none"))).hasMessageContaining("none");
  }
}
