package dev.unmask.sft.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.testkit.TinyModel;
import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A process that trains is killed with SIGKILL again and again, and the run is none the wiser. */
class KilledRunTest {

  /** Passes of the run that is killed at random. */
  private static final int LONG = 30;

  @TempDir Path folder;

  @Test
  void aRunThatIsKilledAroundAPassAndWhileItWritesGoesOnBitForBit() throws Exception {
    Path base = TinyModel.small().write(folder.resolve("base"));
    List<String> expected = new ArrayList<>();
    TrainingProcess.train(
        folder.resolve("whole"), base, 1000, TrainingProcess.PASSES, expected::add);
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
    TrainingProcess.train(run, base, 1, TrainingProcess.PASSES, rest::add);
    assertThat(rest).isNotEmpty();
    told.addAll(rest);

    // Steps after the last state are done twice, and come out the same twice.
    assertThat(told).hasSizeGreaterThan(expected.size());
    assertThat(told.stream().distinct().toList()).containsExactlyInAnyOrderElementsOf(expected);
  }

  /**
   * Killed without waiting, some moments after a step: within a step, a write or an evaluation.
   * Every second time the step is the last or the first of a pass.
   */
  @ParameterizedTest
  @ValueSource(longs = 20)
  void aRunThatIsKilledAtRandomMomentsGoesOnBitForBit(long seed) throws Exception {
    Path base = TinyModel.small().write(folder.resolve("base"));
    List<String> expected = new ArrayList<>();
    TrainingProcess.train(folder.resolve("whole"), base, 1000, LONG, expected::add);
    int pass = TrainingProcess.STEPS_OF_A_PASS;
    assertThat(expected).hasSize(LONG * pass);

    Path run = folder.resolve("killed");
    SplittableRandom random = new SplittableRandom(seed);
    List<String> told = new ArrayList<>();
    int from = 0;
    for (int kill = 0; kill < 4; kill++) {
      int after = from + 1 + random.nextInt(2 * pass);
      int place = kill % 2 == 0 ? after : (after + pass - 1) / pass * pass + random.nextInt(2);
      long delay = random.nextLong(5_000_000);
      int between = 1 + random.nextInt(4);
      List<String> steps =
          killed(
              run,
              base,
              between,
              "never",
              LONG,
              line -> {
                if (line.startsWith(place + " ")) {
                  sleepNanos(delay);
                  return true;
                }
                return false;
              });
      assertThat(steps).as("seed %d, kill %d", seed, kill).isNotEmpty();
      told.addAll(steps);
      from = Integer.parseInt(steps.getLast().split(" ", 2)[0]);
    }
    assertThat(from).as("steps before the last kill").isLessThan(LONG * pass);
    List<String> rest = new ArrayList<>();
    TrainingProcess.train(run, base, 1, LONG, rest::add);
    assertThat(rest).isNotEmpty();
    told.addAll(rest);
    assertThat(told.stream().distinct().toList())
        .as("seed %d", seed)
        .containsExactlyInAnyOrderElementsOf(expected);
  }

  private static void sleepNanos(long nanos) {
    long end = System.nanoTime() + nanos;
    while (System.nanoTime() < end) {
      Thread.onSpinWait();
    }
  }

  /** The steps that a process told before it was killed where {@code place} says. */
  private List<String> killed(Path run, Path base, int checkpointSteps, String place)
      throws Exception {
    return killed(
        run, base, checkpointSteps, place, TrainingProcess.PASSES, TrainingProcess.WAITING::equals);
  }

  private List<String> killed(
      Path run,
      Path base,
      int checkpointSteps,
      String place,
      int passes,
      Predicate<String> isTheTime)
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
            place,
            Integer.toString(passes));
    Process child = builder.redirectError(folder.resolve("errors.log").toFile()).start();
    List<String> steps = new ArrayList<>();
    try (BufferedReader output = child.inputReader(StandardCharsets.UTF_8)) {
      for (String line = output.readLine(); line != null; line = output.readLine()) {
        if (!line.equals(TrainingProcess.WAITING)) {
          steps.add(line);
        }
        if (isTheTime.test(line)) {
          // By its handle: the process itself would close the stream before the rest is read.
          boolean unused = child.toHandle().destroyForcibly();
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
