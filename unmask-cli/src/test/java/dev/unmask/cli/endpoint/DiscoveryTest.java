package dev.unmask.cli.endpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.unmask.cli.CliException;
import dev.unmask.cli.Session;
import dev.unmask.cli.TestSession;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiscoveryTest {

  private static final long ALIVE = ProcessHandle.current().pid();

  @TempDir private Path home;
  @TempDir private Path elsewhere;

  @Test
  void theOptionComesBeforeTheVariableAndBothBeforeALocalCluster() throws IOException {
    write(home.resolve(".unmask"), "127.0.0.1:3", ALIVE);
    Session told = session(Map.of("UNMASK_ENDPOINT", "host:2"));

    assertThat(Discovery.api(told, "other:1")).isEqualTo("other:1");
    assertThat(Discovery.api(told, "https://other:1/")).isEqualTo("other:1");
    assertThat(Discovery.api(told, null)).isEqualTo("host:2");
    assertThat(Discovery.api(session(Map.of()), null)).isEqualTo("127.0.0.1:3");
  }

  @Test
  void aClusterInAnotherDataFolderIsFoundAfterItAnnouncedItself() throws IOException {
    write(elsewhere, "127.0.0.1:4", ALIVE);
    Session session = session(Map.of());
    assertThat(Discovery.local(session)).isEmpty();

    Discovery.announce(session, elsewhere);

    assertThat(Discovery.api(session, null)).isEqualTo("127.0.0.1:4");
  }

  @Test
  void whatADeadClusterLeftBehindIsNotFound() throws Exception {
    Process ended = new ProcessBuilder("true").start();
    ended.waitFor();
    write(home.resolve(".unmask"), "127.0.0.1:3", ended.pid());

    assertThatThrownBy(() -> Discovery.api(session(Map.of()), null))
        .isInstanceOf(CliException.class)
        .hasMessageContaining("unmask up");
  }

  @Test
  void anAddressWithoutAPortIsRefused() {
    for (String bad : List.of("localhost", "localhost:", ":5", "a:b", "a:0", "a:70000")) {
      assertThatThrownBy(() -> Discovery.api(session(Map.of()), bad))
          .as(bad)
          .isInstanceOf(CliException.class)
          .hasMessageContaining("--endpoint is '" + bad + "'")
          .hasMessageContaining("HOST:PORT");
    }
  }

  @Test
  void theFileHasTheNamesThatOthersReadAndSurvivesTheRoundTrip() throws IOException {
    Endpoints written = write(elsewhere, "127.0.0.1:5", ALIVE);

    String json = Files.readString(elsewhere.resolve(Endpoints.FILE));

    assertThat(json)
        .contains("\"grpc\":\"127.0.0.1:5\"")
        .contains("\"http\":\"http://127.0.0.1:6\"")
        .contains("\"kafka\":\"127.0.0.1:7\"");
    assertThat(Endpoints.read(elsewhere)).isEqualTo(written);
  }

  private Session session(Map<String, String> environment) {
    return new TestSession(home, environment, "").session();
  }

  private static Endpoints write(Path folder, String grpc, long pid) throws IOException {
    Files.createDirectories(folder);
    Endpoints endpoints =
        new Endpoints(
            grpc,
            "http://127.0.0.1:6",
            "127.0.0.1:7",
            "PLAINTEXT",
            null,
            pid,
            folder.toString(),
            folder.resolve("store").toString(),
            "tiny",
            "sha256:" + "0".repeat(64),
            List.of(new Endpoints.Child("gateway", 1, "gateway.log")));
    endpoints.write(folder);
    return endpoints;
  }
}
