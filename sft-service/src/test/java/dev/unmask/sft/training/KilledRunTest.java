package dev.unmask.sft.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.testkit.TinyModel;
import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A process that trains is killed with SIGKILL again and again, and the run is none the wiser. */
class KilledRunTest {

  @TempDir Path folder;

  @Test
  void aRunThatIsKilledAroundAPassAndWhileItWritesGoesOnBitForBit() throws Exception {
    Path base = TinyModel.small().write(folder.resolve("base"));
    List<String> expected = new ArrayList<>();
    TrainingProcess.train(folder.resolve("whole"), base, 1000, expected::add);
    assertThat(expected).hasSize(TrainingProcess.STEPS);

    Path run = folder.resolve("killed");
    int pass = TrainingProcess.STEPS_OF_A_PASS;
    List<String> told = new ArrayList<>();
    // The step before the end of a pass, the last one, the first of the next; states are written at
    // other distances each time.
    told.addAll(killed(run, base, 1, Integer.toString(pass - 1)));
    told.addAll(killed(run, base, 1, Integer.toString(pass)));
    told.addAll(killed(run, base, 2, Integer.toString(2 * pass + 1)));
    told.addAll(killed(run, base, 1, "writing"));
    // What a process leaves that dies in the middle of a write.
    Files.write(run.resolve(TrainingRun.STATE_FILE + ".tmp"), new byte[1000]);
    List<String> rest = new ArrayList<>();
    TrainingProcess.train(run, base, 1, rest::add);
    assertThat(rest).isNotEmpty();
    told.addAll(rest);

    // Steps after the last state are done twice, and come out the same twice.
    assertThat(told).hasSizeGreaterThan(expected.size());
    assertThat(told.stream().distinct().toList()).containsExactlyInAnyOrderElementsOf(expected);
  }

  /** The steps that a process told before it was killed where {@code place} says. */
  private List<String> killed(Path run, Path base, int checkpointSteps, String place)
      throws Exception {
    String classPath =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-Dai.djl.offline=true",
            "-Dai.djl.pytorch.num_threads=1",
            "-Dai.djl.pytorch.num_interop_threads=1",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            classPath,
            TrainingProcess.class.getName(),
            run.toString(),
            base.toString(),
            Integer.toString(checkpointSteps),
            place);
    Process child = builder.redirectError(folder.resolve("errors.log").toFile()).start();
    List<String> steps = new ArrayList<>();
    try (BufferedReader output = child.inputReader(StandardCharsets.UTF_8)) {
      for (String line = output.readLine(); line != null; line = output.readLine()) {
        if (line.equals(TrainingProcess.WAITING)) {
          // By its handle: the process itself would close the stream before the rest is read.
          boolean unused = child.toHandle().destroyForcibly();
        } else {
          steps.add(line);
        }
      }
    } finally {
      Process unused = child.destroyForcibly();
      assertThat(child.waitFor(30, TimeUnit.SECONDS)).isTrue();
    }
    assertThat(child.exitValue())
        .as(() -> "killed at " + place + " after " + steps)
        .isNotEqualTo(1);
    return steps;
  }
}
