package dev.unmask.e2e.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.unmask.e2e.Checkout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command that measures, against the cluster that it starts and stops: no figure is judged. */
final class BenchServeIT {

  @Test
  void aScriptedClusterIsMeasuredAndLeavesNothingBehind(@TempDir Path folder) throws Exception {
    Path home = Checkout.root();
    Path said = folder.resolve("remarks.log");
    Path output = folder.resolve("result.json");
    Process bench =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-Djava.io.tmpdir=" + Files.createDirectories(folder.resolve("tmp")),
                "-Dunmask.home=" + home,
                "-jar",
                home.resolve("unmask-cli/target/unmask-cli-0.1.0.jar").toString(),
                "bench",
                "serve",
                "--scripted",
                "--slots",
                "4",
                "--service-ms",
                "20",
                "--stream",
                "--concurrency",
                "2",
                "--rate",
                "40",
                "--requests",
                "12")
            .redirectError(said.toFile())
            .redirectOutput(output.toFile())
            .start();
    boolean ended = bench.waitFor(Cluster.PATIENCE.toSeconds(), TimeUnit.SECONDS);
    List<ProcessHandle> left =
        ProcessHandle.allProcesses()
            .filter(process ->
                process.pid() != bench.pid()
                    && process.info().commandLine().orElse("").contains(folder.toString()))
            .toList();
    left.forEach(ProcessHandle::destroyForcibly);
    bench.destroyForcibly();

    assertThat(ended).as(Files.readString(said)).isTrue();
    assertThat(bench.exitValue()).as(Files.readString(said)).isZero();
    JsonNode runs = new ObjectMapper().readTree(output.toFile()).get("runs");
    assertThat(runs).hasSize(2);
    for (JsonNode run : runs) {
      assertThat(run.at("/statuses/OK").asInt()).isEqualTo(12);
      // What the script spends is engine and not overhead; half of it comes before the first text.
      double engine = run.at("/engine_ms/p50").asDouble();
      assertThat(engine).isGreaterThanOrEqualTo(20);
      assertThat(run.at("/latency_ms/p50").asDouble()).isGreaterThan(engine);
      assertThat(run.at("/first_text_ms/p50").asDouble())
          .isBetween(10.0, run.at("/latency_ms/max").asDouble());
      assertThat(run.at("/overhead_ms/p50").asDouble())
          .isLessThanOrEqualTo(run.at("/latency_ms/max").asDouble() - 20);
    }
    assertThat(folder.resolve("tmp")).as("its folder is gone").isEmptyDirectory();
    assertThat(left).as("nothing was left running").isEmpty();
  }
}
