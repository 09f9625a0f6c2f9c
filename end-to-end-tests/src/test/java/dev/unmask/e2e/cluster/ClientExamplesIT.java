package dev.unmask.e2e.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.unmask.e2e.Checkout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The programs under examples/clients, each as its README says it is run. */
@ExtendWith(ClusterExtension.class)
final class ClientExamplesIT {

  private static final Path EXAMPLES = Checkout.root().resolve("examples/clients");
  private static final String QUESTION = "Where do otters live?";
  private static final String PYTHON = "needs Python's grpcio and openai: unmask test --extended";

  private final Cluster cluster;
  private final Path folder;

  ClientExamplesIT(Cluster cluster, @TempDir Path folder) {
    this.cluster = cluster;
    this.folder = folder;
  }

  private String run(String... command) throws Exception {
    Path output = folder.resolve("output");
    Process program =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    boolean ended = program.waitFor(Cluster.PATIENCE.toSeconds(), TimeUnit.SECONDS);
    program.destroyForcibly();
    assertThat(ended).as("it ended: %s", Files.readString(output)).isTrue();
    String said = Files.readString(output);
    assertThat(program.waitFor()).as(said).isZero();
    return said;
  }

  private String java(String source, String... arguments) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of("-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path")));
    command.add(EXAMPLES.resolve("java").resolve(source).toString());
    command.addAll(List.of(arguments));
    return run(command.toArray(String[]::new));
  }

  @Test
  void theJavaClientAnswersInThreeWays() throws Exception {
    assertThat(java("Ask.java", cluster.grpc(), QUESTION))
        .contains("whole: ", "weights: sha256:", "stream: ", "the same: true", "fewer steps: ");
  }

  @Test
  void aWorkflowSpeaksJsonOverKafka() throws Exception {
    assertThat(java("KafkaJson.java", cluster.kafka().bootstrap(), Cluster.MODEL, QUESTION))
        .contains("\"final\"", "\"modelDigest\"");
  }

  @Test
  void curlIsEnough() throws Exception {
    assertThat(
            run(
                EXAMPLES.resolve("curl/ask.sh").toString(),
                cluster.http(),
                Cluster.MODEL,
                QUESTION))
        .contains("\"chat.completion\"", "data: [DONE]", "filled:", "\"model_digest\"");
  }

  @Test
  @EnabledIfSystemProperty(
      named = "unmask.test.extended",
      matches = "true",
      disabledReason = PYTHON)
  void plainGrpcioAndOpenaiWork() throws Exception {
    String clients = System.getenv("UNMASK_OPENAI_CLIENTS");
    assumeTrue(clients != null, "UNMASK_OPENAI_CLIENTS is not set; .ci/run --extended sets it");
    Path python = Path.of(Objects.requireNonNull(clients)).resolve("py/bin/python");
    assumeTrue(Files.isExecutable(python), "there is no Python in " + clients);
    assertThat(
            run(
                python.toString(),
                EXAMPLES.resolve("python/ask_grpc.py").toString(),
                cluster.grpc(),
                QUESTION))
        .contains("steps: ", "weights: sha256:");
    assertThat(
            run(
                python.toString(),
                EXAMPLES.resolve("python/ask_openai.py").toString(),
                cluster.http() + "/v1",
                Cluster.MODEL,
                QUESTION))
        .contains("whole: ", "stream: ");
  }
}
