package dev.unmask.e2e.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.e2e.Checkout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The reference's recorded outputs against a cluster that the command starts and stops. */
final class GoldenClusterIT {

  @Test
  void aClusterOfItsOwnGivesTheReferencesTokensOverBothWays(@TempDir Path folder) throws Exception {
    Path home = Checkout.root();
    Path output = folder.resolve("golden.log");
    Process golden =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-Djava.io.tmpdir=" + Files.createDirectories(folder.resolve("tmp")),
                "-Dunmask.home=" + home,
                "-jar",
                home.resolve("unmask-cli/target/unmask-cli-0.1.0.jar").toString(),
                "golden",
                "--path",
                "cluster",
                home.resolve("llada-model/src/test/resources/golden/eos-and-noise").toString())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    boolean ended = golden.waitFor(Cluster.PATIENCE.toSeconds(), TimeUnit.SECONDS);
    // Orphans are nobody's descendants: they are known by the folder that was theirs.
    List<ProcessHandle> left =
        ProcessHandle.allProcesses()
            .filter(process ->
                process.pid() != golden.pid()
                    && process.info().commandLine().orElse("").contains(folder.toString()))
            .toList();
    left.forEach(ProcessHandle::destroyForcibly);
    golden.destroyForcibly();
    List<String> lines = Files.readAllLines(output);

    assertThat(ended).as("%s", lines).isTrue();
    assertThat(golden.exitValue()).as("%s", lines).isZero();
    assertThat(lines.stream().filter(line -> line.contains(" PASS ")))
        .hasSize(13)
        .allSatisfy(line -> assertThat(line).contains("over grpc and kafka"));
    assertThat(folder.resolve("tmp")).as("its folder is gone").isEmptyDirectory();
    assertThat(left).as("nothing was left running").isEmpty();
  }
}
