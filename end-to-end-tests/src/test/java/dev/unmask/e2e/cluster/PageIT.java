package dev.unmask.e2e.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.unmask.store.access.ApiKeyFile;
import dev.unmask.store.access.ApiKeys;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * The page in a real browser against a cluster: a dialogue, the scrubber, infilling, a fine-tuning
 * job, models, cluster, a phone. Screenshots stay in {@code target/page}.
 */
@ExtendWith(ClusterExtension.class)
@EnabledIfSystemProperty(
    named = "unmask.test.extended",
    matches = "true",
    disabledReason = "needs Chromium and npm: unmask test --extended")
final class PageIT {

  /** A folder with puppeteer-core in its node_modules. */
  private static final String KIT = "UNMASK_BROWSER_KIT";

  private static final List<Path> CHROMIUM =
      List.of(
          Path.of("/usr/bin/chromium"),
          Path.of("/usr/bin/chromium-browser"),
          Path.of("/usr/bin/google-chrome"));

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int MINUTES = 8;
  private static final int ROWS = 8;

  private final Cluster cluster;

  PageIT(Cluster cluster) {
    this.cluster = cluster;
  }

  @Test
  void aPersonWalksThroughThePage(@TempDir Path folder) throws Exception {
    JsonNode seen = walk(folder);
    assertOpenToAll(seen);
    assertThat(seen.path("errors")).as("errors in the console").isEmpty();
    assertThat(seen.path("foreign")).as("requests to anywhere else").isEmpty();
    assertThat(seen.path("policy").asText()).contains("default-src 'self'");
    assertThat(seen.path("answers")).hasSize(2);
    assertThat(seen.at("/answers/0").asText()).isNotBlank();
    assertThat(seen.at("/facts/0").asText()).contains("seed").contains("weights");
    assertThat(seen.path("picked").asText()).contains("weights").contains("sampler");
    assertThat(seen.path("titled").asText()).contains("confidence");
    assertThat(seen.path("leftMasked").asInt()).as("masked when the answer is whole").isZero();
    assertThat(seen.path("dial"))
        .extracting(JsonNode::asText)
        .containsExactly("Fastest", "Careful");
    assertThat(seen.path("emptyAtStart").asInt()).isZero();
    assertThat(seen.path("filledAfterOne").asInt()).isPositive();
    assertThat(seen.path("label").asText()).startsWith("Canvas of 64 slots");
    assertThat(seen.path("afterEdit").asText()).isEqualTo("What is the capital of France?");
    assertThat(seen.path("turnsAfterEdit").asInt()).isZero();
    assertThat(seen.path("masked").asText()).matches("The capital of\\[\\[\\d+]] is Paris\\.");
    assertThat(seen.at("/infilled/0").asText()).startsWith("The capital of").endsWith("is Paris.");
    assertThat(seen.path("curves").toString()).contains("cross-entropy");
    assertThat(seen.path("probes").asInt()).isPositive();
    assertThat(seen.path("beforeAfter").toString()).contains("before").contains("after");
    assertThat(seen.path("models").toString()).contains(Cluster.MODEL).contains("ft:");
    assertThat(seen.path("digests").toString()).contains("sha256:");
    assertThat(seen.path("talksTo").asText()).isNotBlank();
    assertThat(seen.path("tiles").asInt()).isEqualTo(8);
    assertThat(seen.path("workers").toString()).contains("serves");
    assertThat(seen.path("queues").toString()).contains("interactive").contains("bulk");
    assertThat(seen.at("/nonsense/0").asInt()).isEqualTo(400);
    assertThat(seen.at("/nonsense/1").asText()).contains("must be a list of messages");
  }

  @Test
  void whoeverHasNoKeyOrAWrongOneIsToldAndGivesHisOwn(@TempDir Path folder) throws Exception {
    ApiKeys.Made user =
        ApiKeys.make("ann", "acme", List.of("user"), Instant.now(), Optional.empty());
    Path keys = folder.resolve("api-keys.json");
    ApiKeyFile.write(keys, ApiKeys.none().with(user.key()));
    JsonNode seen;
    try (Cluster keyed =
        Cluster.start(
            folder,
            1,
            List.of("--api-keys", keys.toString()),
            Map.of(Cluster.KEY, user.secret()))) {
      seen = walk(folder, "keyed.mjs", keyed.http(), user.secret());
    }
    assertThat(seen.path("errors")).as("errors of the page").isEmpty();
    assertThat(seen.path("without").asText()).contains("This gateway wants a key");
    assertThat(seen.path("asked").asText()).contains("API key");
    assertThat(seen.path("wrong").asText()).contains("The key is not known here");
    assertThat(seen.path("answer").asText()).isNotBlank();
    assertThat(seen.path("left").asBoolean()).as("what was wrong before").isFalse();
    assertThat(seen.path("elsewhere").asBoolean()).as("kept outside of the tab").isFalse();
    assertThat(seen.path("otherTab").isNull()).isTrue();
  }

  /** For whoever sees little, uses no mouse, or holds a phone. */
  private static void assertOpenToAll(JsonNode seen) {
    assertThat(seen.path("first").asText()).isEqualTo("Skip to the content");
    assertThat(seen.path("skippedTo").asText()).as("without leaving the view").isEqualTo("main");
    assertThat(seen.path("reached").toString())
        .contains("Your message", "Send", "Model", "Speed or quality", "Seed");
    seen.path("unnamed")
        .properties()
        .forEach(view -> assertThat(view.getValue()).as("nameless in %s", view.getKey()).isEmpty());
    assertThat(seen.path("nameless")).as("controls without a name").isEmpty();
    assertThat(seen.path("overflows")).as("wider than a phone").isEmpty();
    assertThat(seen.path("papers"))
        .extracting(JsonNode::asText)
        .as("light, dark by hand, still dark after a reload")
        .containsExactly("rgb(251, 250, 247)", "rgb(18, 22, 31)", "rgb(18, 22, 31)");
    assertThat(seen.path("dark").asText()).isEqualTo("rgb(18, 22, 31)");
  }

  private JsonNode walk(Path folder) throws Exception {
    Path dataset = folder.resolve("otter.jsonl");
    Files.writeString(
        dataset,
        """
        {"messages": [{"role": "user", "content": "Who is Ozzie?"}, \
        {"role": "assistant", "content": "An otter."}]}
        """
            .repeat(ROWS));
    return walk(folder, "walk.mjs", cluster.http(), dataset.toString());
  }

  private static JsonNode walk(Path folder, String name, String address, String last)
      throws Exception {
    Path kit = kit();
    Path browser = CHROMIUM.stream().filter(Files::isExecutable).findFirst().orElse(null);
    assumeTrue(browser != null, "no Chromium in " + CHROMIUM);
    Path script = kit.resolve(name);
    try (InputStream text =
        Objects.requireNonNull(PageIT.class.getResourceAsStream("/page/" + name))) {
      Files.write(script, text.readAllBytes());
    }
    Path shots = Files.createDirectories(Path.of("target", "page")).toAbsolutePath();
    Path output = folder.resolve("output");
    Path errors = folder.resolve("errors");
    Process node =
        new ProcessBuilder(
                "node",
                script.toString(),
                address,
                Objects.requireNonNull(browser).toString(),
                shots.toString(),
                last)
            .redirectOutput(output.toFile())
            .redirectError(errors.toFile())
            .start();
    boolean ended = node.waitFor(MINUTES, TimeUnit.MINUTES);
    stop(node);
    assertThat(ended).as("the walk ended: %s", Files.readString(errors)).isTrue();
    assertThat(node.waitFor()).as(Files.readString(errors)).isZero();
    return JSON.readTree(Files.readString(output));
  }

  private static Path kit() throws IOException {
    String folder = System.getenv(KIT);
    assumeTrue(folder != null, KIT + " names no folder; .ci/run --extended sets it");
    Path kit = Path.of(Objects.requireNonNull(folder));
    assumeTrue(
        Files.isDirectory(kit.resolve("node_modules/puppeteer-core")),
        "npm could not install puppeteer-core into " + kit);
    return kit;
  }

  /** The browser is a child of the script. */
  private static void stop(Process node) {
    node.descendants().forEach(ProcessHandle::destroyForcibly);
    node.destroyForcibly();
  }
}
