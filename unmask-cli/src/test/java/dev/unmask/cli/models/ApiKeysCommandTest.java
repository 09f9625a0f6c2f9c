package dev.unmask.cli.models;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.unmask.cli.TestSession;
import dev.unmask.store.access.ApiKeyFile;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ApiKeysCommandTest {

  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path folder;

  private TestSession run(int code, String... args) {
    TestSession session = new TestSession(folder);
    assertThat(session.run(args)).as("%s%s", session.out(), session.err()).isEqualTo(code);
    return session;
  }

  @Test
  void aKeyIsShownOnceListedAndRevoked() throws Exception {
    String file = folder.resolve("keys.json").toString();
    String secret =
        run(0, "api-keys", "create", "ci", "--tenant", "acme", "--file", file).out().strip();
    assertThat(ApiKeyFile.read(Path.of(file)).find(secret).orElseThrow().tenant())
        .isEqualTo("acme");
    JsonNode admin =
        JSON.readTree(
            run(
                    0,
                    "--json",
                    "api-keys",
                    "create",
                    "olga",
                    "--role",
                    "admin,user",
                    "--expires-in",
                    "P90D",
                    "--file",
                    file)
                .out());
    assertThat(admin.path("key").asText()).startsWith("unmask-");
    assertThat(admin.path("expires_at").asText()).isNotEmpty();
    String list = run(0, "api-keys", "list", "--file", file).out();
    assertThat(list).contains("ci", "acme", "olga", "admin,user").doesNotContain(secret);
    String id = admin.path("id").asText();
    var unused = run(0, "api-keys", "revoke", id, "--file", file);
    assertThat(ApiKeyFile.read(Path.of(file)).all()).hasSize(1);
    assertThat(run(1, "api-keys", "revoke", id, "--file", file).err()).contains(id);
  }

  @Test
  void whatIsWrongIsSaid() {
    String file = folder.resolve("keys.json").toString();
    assertThat(run(2, "api-keys", "create", "a b", "--file", file).err()).contains("name 'a b'");
    assertThat(run(2, "api-keys", "create", "a", "--role", "king", "--file", file).err())
        .contains("king", "admin, metrics, user");
    assertThat(run(2, "api-keys", "create", "a", "--expires-in", "-P1D", "--file", file).err())
        .contains("P90D");
    assertThat(run(1, "api-keys", "list", "--file", file).err()).contains("there is no key file");
    assertThat(run(2, "up", "--api-keys", file, "--data", folder.resolve("d").toString()).err())
        .contains("--api-keys");
  }
}
