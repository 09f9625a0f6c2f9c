package dev.unmask.sft.pretrain;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.model.transformer.Precision;
import dev.unmask.testkit.TinyModel;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program as it is used: options, files, and a process that is killed. */
class PretrainMainTest {

  private static final int STEPS = 150;

  @TempDir Path folder;

  @BeforeEach
  void writeData() throws IOException {
    Path unused = TinyModel.small().write(folder.resolve("tokenizer"));
    StringBuilder rows = new StringBuilder();
    for (int i = 0; i < 60; i++) {
      rows.append(
          """
          {"messages": [{"role": "user", "content": "What is %d?"}, {"role": "assistant", "content": "It is %d."}]}
          """
              .formatted(i, i));
    }
    Files.writeString(folder.resolve("d.jsonl"), rows + "{\"messages\": 3}\n");
    Files.writeString(folder.resolve("t.txt"), "Otters hold hands while they sleep. ".repeat(30));
  }

  @Test
  void aProcessThatWasKilledGoesOnBitForBitWhenItIsStartedAgain() throws Exception {
    assertThat(run(arguments("whole"))).startsWith("0 ");
    List<JsonNode> whole = metrics("whole");
    assertThat(whole).hasSize(STEPS);

    Process child = start(arguments("killed"));
    while (lines("killed") < 20 && child.isAlive()) {
      Thread.sleep(5);
    }
    Process unused = child.destroyForcibly();
    assertThat(child.waitFor(30, TimeUnit.SECONDS)).isTrue();
    int before = metrics("killed").size();
    assertThat(before).isBetween(20, STEPS - 1);

    assertThat(run(arguments("killed"))).startsWith("0 ").contains("continued at step");

    List<JsonNode> killed = metrics("killed");
    assertThat(killed.size()).isGreaterThanOrEqualTo(STEPS);
    // Steps after the last state were done twice, and must have come out the same twice.
    for (JsonNode line : killed) {
      JsonNode expected = whole.get(line.path("step").asInt() - 1);
      assertThat(line.path("loss")).isEqualTo(expected.path("loss"));
      assertThat(line.path("grad_norm")).isEqualTo(expected.path("grad_norm"));
    }
    assertThat(killed.get(killed.size() - 1).path("step").asInt()).isEqualTo(STEPS);
    assertThat(Files.mismatch(weights("whole"), weights("killed"))).isEqualTo(-1);
    try (LoadedModel model = LoadedModel.load(folder.resolve("whole/model"), Precision.F32)) {
      assertThat(model.config().width()).isEqualTo(32);
      assertThat(model.config().tiedHead()).isTrue();
    }
  }

  @Test
  void aProcessThatIsAskedToEndWritesItsStateAndEndsAtOnce() throws Exception {
    Process child = start(arguments("asked"));
    while (lines("asked") < 10 && child.isAlive()) {
      Thread.sleep(5);
    }
    child.destroy();
    // Its hook waits up to a minute for the state.
    assertThat(child.waitFor(30, TimeUnit.SECONDS)).isTrue();
    int steps = metrics("asked").size();
    assertThat(steps).isLessThan(STEPS);

    assertThat(run(arguments("asked"))).contains("continued at step " + steps + "\n");
  }

  @Test
  void saysWhatIsWrongWithItsOptions() {
    assertThat(run(List.of("--data", "x.jsonl:1")))
        .startsWith("2 ")
        .contains("--tokenizer", "--out");
    List<String> both = new ArrayList<>(arguments("bad"));
    both.addAll(List.of("--minutes", "3"));
    assertThat(run(both)).isEqualTo("2 Give one of --minutes and --steps.\n");
    List<String> missing = new ArrayList<>(arguments("bad"));
    missing.addAll(List.of("--data", folder.resolve("none.jsonl").toString()));
    assertThat(run(missing)).startsWith("2 --data ").contains("none.jsonl");
  }

  private Path weights(String run) {
    return folder.resolve(run).resolve("model/model.safetensors");
  }

  private List<String> arguments(String run) {
    return List.of(
        "--data",
        folder.resolve("d.jsonl").toString(),
        "--data",
        folder.resolve("t.txt") + ":0.5",
        "--tokenizer",
        folder.resolve("tokenizer").toString(),
        "--out",
        folder.resolve(run).toString(),
        "--d-model=32",
        "--layers=1",
        "--heads=2",
        "--ffn=32",
        "--tied",
        "--context=128",
        "--row-tokens=64",
        "--batch-tokens=256",
        "--warm-up=5",
        "--whole-share=0.2",
        "--steps=" + STEPS,
        "--checkpoint-steps=7",
        "--log-steps=1");
  }

  /** The exit code, a space, and what was printed. */
  private static String run(List<String> arguments) {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    PrintStream out = new PrintStream(text, true, StandardCharsets.UTF_8);
    int code = PretrainMain.run(arguments.toArray(String[]::new), out, out);
    return code + " " + text.toString(StandardCharsets.UTF_8);
  }

  private Process start(List<String> arguments) throws IOException {
    String classPath =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("-Dai.djl.offline=true");
    command.add("-Dai.djl.pytorch.num_interop_threads=1");
    command.add("-cp");
    command.add(classPath);
    command.add(PretrainMain.class.getName());
    command.addAll(arguments);
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(new File(folder.toFile(), "child.log"))
        .start();
  }

  private long lines(String run) throws IOException {
    Path file = folder.resolve(run).resolve("metrics.jsonl");
    return Files.exists(file) ? Files.readString(file).lines().count() : 0;
  }

  private List<JsonNode> metrics(String run) throws IOException {
    ObjectMapper json = new ObjectMapper();
    List<JsonNode> lines = new ArrayList<>();
    for (String line : Files.readAllLines(folder.resolve(run).resolve("metrics.jsonl"))) {
      lines.add(json.readTree(line));
    }
    return lines;
  }
}
