package dev.unmask.e2e.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * OpenAI's own clients, as they come from their registries, against a cluster: chat, streaming,
 * files and a fine-tuning job. {@code .ci/run --extended} installs them.
 */
@ExtendWith(ClusterExtension.class)
@EnabledIfSystemProperty(
    named = "unmask.test.extended",
    matches = "true",
    disabledReason = "needs npm and Python: unmask test --extended")
final class OpenAiClientsIT {

  /** Where the clients were installed: {@code js} with node_modules, {@code py} a Python. */
  private static final String CLIENTS = "UNMASK_OPENAI_CLIENTS";

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int ROWS = 8;

  private final Cluster cluster;

  OpenAiClientsIT(Cluster cluster) {
    this.cluster = cluster;
  }

  @Test
  void theJavaScriptClientWorksUnmodified(@TempDir Path folder) throws Exception {
    Path js = clients().resolve("js");
    assumeTrue(
        Files.isDirectory(js.resolve("node_modules/openai")),
        "npm could not install openai into " + js);
    Path script = js.resolve("clients.mjs");
    copy("clients.mjs", script);
    check(run(folder, List.of("node", script.toString())), "js");
  }

  @Test
  void thePythonClientWorksUnmodified(@TempDir Path folder) throws Exception {
    Path python = clients().resolve("py/bin/python");
    assumeTrue(Files.isExecutable(python), "pip could not install openai into " + python);
    Path script = folder.resolve("clients.py");
    copy("clients.py", script);
    check(run(folder, List.of(python.toString(), script.toString())), "py");
  }

  private static Path clients() {
    String folder = System.getenv(CLIENTS);
    assumeTrue(
        folder != null, CLIENTS + " names no folder with the clients; .ci/run --extended sets it");
    return Path.of(Objects.requireNonNull(folder));
  }

  private static void copy(String name, Path target) throws IOException {
    try (InputStream script =
        Objects.requireNonNull(OpenAiClientsIT.class.getResourceAsStream("/openai/" + name))) {
      Files.write(target, script.readAllBytes());
    }
  }

  private JsonNode run(Path folder, List<String> command) throws Exception {
    Path dataset = folder.resolve("otter.jsonl");
    Files.writeString(
        dataset,
        """
        {"messages": [{"role": "user", "content": "What is 1?"}, \
        {"role": "assistant", "content": "An otter."}]}
        """
            .repeat(ROWS));
    Path output = folder.resolve("output");
    Path errors = folder.resolve("errors");
    List<String> whole =
        Stream.concat(
                command.stream(),
                Stream.of(cluster.http() + "/v1", Cluster.MODEL, dataset.toString()))
            .toList();
    Process client =
        new ProcessBuilder(whole)
            .redirectOutput(output.toFile())
            .redirectError(errors.toFile())
            .start();
    boolean ended = client.waitFor(Cluster.PATIENCE.toSeconds(), TimeUnit.SECONDS);
    client.destroyForcibly();
    assertThat(ended).as("the client ended: %s", Files.readString(errors)).isTrue();
    assertThat(client.waitFor()).as(Files.readString(errors)).isZero();
    String said = Files.readString(output);
    System.out.println(said.strip());
    return JSON.readTree(said);
  }

  /** Whether a value is of the form that was asked for. */
  private static void isTrip(JsonNode trip) {
    assertThat(trip.fieldNames()).toIterable().containsExactly("city", "days");
    assertThat(trip.path("city").asText()).hasSizeLessThanOrEqualTo(8);
    assertThat(trip.path("days").asInt()).isBetween(1, 9);
  }

  private static void check(JsonNode out, String suffix) {
    assertThat(out.path("models").toString()).contains("\"" + Cluster.MODEL + "\"");
    assertThat(out.path("model").asText()).isEqualTo(Cluster.MODEL);
    assertThat(out.path("chat").isTextual()).isTrue();
    assertThat(out.path("finish").asText()).isIn("stop", "length");
    assertThat(out.path("digest").asText()).startsWith("sha256:");
    assertThat(out.path("streamed").asText()).isEqualTo(out.path("chat").asText());
    assertThat(out.at("/usage/total_tokens").asInt()).isPositive();
    assertThat(out.path("texts")).hasSize(2);
    assertThat(out.at("/refused/status").asInt()).isEqualTo(400);
    assertThat(out.at("/refused/param").asText()).isEqualTo("top_p");
    assertThat(out.at("/refused/name").asText()).isEqualTo("BadRequestError");
    isTrip(out.path("formed"));
    assertThat(out.at("/called/finish").asText()).isEqualTo("tool_calls");
    assertThat(out.at("/called/name").asText()).isEqualTo("weather");
    isTrip(out.at("/called/arguments"));
    isTrip(out.path("pieces"));
    assertThat(out.path("told").asText()).isIn("stop", "length", "tool_calls");
    assertThat(out.path("content").asInt()).isEqualTo(out.at("/file/bytes").asInt());
    assertThat(out.path("listed").toString()).contains(out.at("/file/id").asText());
    assertThat(out.path("created").asText()).isEqualTo("queued");
    assertThat(out.at("/job/status").asText()).as("%s", out).isEqualTo("succeeded");
    assertThat(out.at("/job/model").asText())
        .startsWith("ft:" + Cluster.MODEL + ":" + suffix + ":");
    assertThat(out.path("events")).hasSizeGreaterThan(3);
    assertThat(out.path("checkpoints")).isNotEmpty();
    assertThat(out.path("jobs").toString()).contains("true");
    assertThat(out.path("deleted").asBoolean()).isTrue();
  }
}
