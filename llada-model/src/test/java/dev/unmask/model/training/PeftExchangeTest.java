package dev.unmask.model.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.ndarray.NDManager;
import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.safetensors.ElementType;
import dev.unmask.model.safetensors.SafetensorsFile;
import dev.unmask.model.safetensors.StoredTensor;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.model.transformer.PackedBatch;
import dev.unmask.model.transformer.Precision;
import dev.unmask.model.transformer.TransformerText.Compute;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * Adapters that PEFT reads and writes: what it makes of a base and an adapter is what is made of
 * them here. The one test that needs Python; {@code UNMASK_PYTHON} names an interpreter that has
 * torch, peft and safetensors.
 */
@EnabledIfSystemProperty(
    named = "unmask.test.extended",
    matches = "true",
    disabledReason = "needs Python with peft; `./unmask test --extended` runs it")
class PeftExchangeTest {

  private static final ModelConfig CONFIG =
      ModelConfig.shape()
          .width(64)
          .layers(2)
          .heads(4)
          .kvHeads(2)
          .mlpWidth(96)
          .vocabularySize(50)
          .contextLength(64)
          .tokens(49, 48, 47)
          .build();

  private static final double NEAR = 1e-5;
  private static final int IDS = 24;

  @TempDir Path work;
  private Path base = Path.of("");

  @BeforeEach
  void writeBase() throws Exception {
    assumeTrue(
        python("-c", "import torch, peft, safetensors").isEmpty(),
        "no Python with torch, peft and safetensors; UNMASK_PYTHON can name one");
    base = Files.createDirectories(work.resolve("base"));
    Files.writeString(base.resolve("config.json"), CONFIG.toJson("float32"));
    try (TrainableModel model = TrainableModel.random(CONFIG, Compute.FLOAT32, 3)) {
      model.write(base.resolve("model.safetensors"), ElementType.F32);
    }
  }

  @Test
  void peftMakesOfAnAdapterWhatIsMadeOfItHere() throws Exception {
    Path adapter = work.resolve("adapter");
    Method.Lora method =
        new Method.Lora(4, 6, 0.1, List.of("q_proj", "v_proj", "layers.1.down_proj"));
    try (TrainableModel model = TrainableModel.load(base, Compute.FLOAT32, method, 7);
        AdamW optimizer = new AdamW(model, AdamW.Settings.DEFAULT)) {
      for (int step = 0; step < 20; step++) {
        var unused = model.lossAndGradients(AdapterTest.batch(), step);
        optimizer.step(1e-2, optimizer.gradientNorm());
      }
      model.writeAdapter(adapter, "some/base");
    }
    Path theirs = work.resolve("theirs");
    assertThat(exchange("read", base.toString(), adapter.toString(), theirs.toString())).isEmpty();
    assertSame(adapter, theirs, 5);
  }

  @Test
  void anAdapterOfPeftIsMergedHereAsPeftMergesIt() throws Exception {
    Path theirs = work.resolve("theirs");
    String blocks = "model.transformer.blocks.";
    assertThat(
            exchange(
                "write",
                base.toString(),
                theirs.toString(),
                blocks + "0.q_proj",
                blocks + "0.ff_out",
                blocks + "1.up_proj",
                blocks + "1.attn_out"))
        .isEmpty();
    Path adapter = theirs.resolve("adapter");
    AdapterFolder read = AdapterFolder.read(adapter);
    assertThat(read.base()).as("PEFT does not say which base it was").isNull();
    assertThat(read.method())
        .isInstanceOfSatisfying(
            Method.Lora.class, lora -> assertThat(lora.scale()).isEqualTo(7 / 3.0));
    assertSame(adapter, theirs, 4);
    // It goes on learning, too.
    try (TrainableModel model = TrainableModel.load(base, Compute.FLOAT32, read)) {
      assertThat(model.trained()).hasSize(8);
    }
  }

  /** LLaDA's head and its down projections end alike, and PEFT compares ends. */
  @Test
  void anAdapterThatPeftPutOnTheHeadIsRefused() throws Exception {
    Path theirs = work.resolve("theirs");
    assertThat(exchange("write", base.toString(), theirs.toString(), "ff_out")).isEmpty();
    assertThatThrownBy(
            () -> MergedFolder.write(base, theirs.resolve("adapter"), work.resolve("never")))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("\"model.transformer.ff_out\"");
    assertThat(work.resolve("never")).doesNotExist();
  }

  @Test
  void peftReadsTheFilesOfASoftPrompt() throws Exception {
    Path adapter = work.resolve("prompt");
    try (TrainableModel model =
        TrainableModel.load(base, Compute.FLOAT32, new Method.PromptTuning(5), 7)) {
      model.writeAdapter(adapter, "some/base");
    }
    assertThat(exchange("prompt", adapter.toString())).containsExactly("PROMPT_TUNING 5 5 64");
  }

  /** Weights and logits of our merge against those that PEFT left. */
  private void assertSame(Path adapter, Path theirs, int changed) throws Exception {
    Path ours = work.resolve("ours");
    MergedFolder.write(base, adapter, ours);
    Map<String, StoredTensor> before = tensors(base.resolve("model.safetensors"));
    Map<String, StoredTensor> here = tensors(ours.resolve("model.safetensors"));
    Map<String, StoredTensor> there = tensors(theirs.resolve("merged.safetensors"));
    assertThat(here.keySet()).isEqualTo(there.keySet());
    int moved = 0;
    for (Map.Entry<String, StoredTensor> tensor : here.entrySet()) {
      float[] values = tensor.getValue().toFloats();
      assertThat(error(values(there, tensor.getKey()), values))
          .as(tensor.getKey())
          .isLessThan(NEAR);
      moved += error(values(before, tensor.getKey()), values) > 100 * NEAR ? 1 : 0;
    }
    assertThat(moved).as("matrices that the adapter changes").isEqualTo(changed);

    float[] logits = values(tensors(theirs.resolve("logits.safetensors")), "logits");
    assertThat(error(logits, logits(ours))).isLessThan(NEAR);
    assertThat(error(logits, logits(base))).isGreaterThan(100 * NEAR);
  }

  private static float[] logits(Path folder) throws Exception {
    PackedBatch batch = new PackedBatch();
    int unused =
        batch.add(
            IntStream.range(0, IDS).map(i -> (7 * i + 3) % 40).toArray(),
            IntStream.range(0, IDS).toArray());
    try (LoadedModel model = LoadedModel.load(folder, Precision.F32);
        NDManager manager = TorchRuntime.newManager()) {
      return model.logits(manager, batch).toFloatArray();
    }
  }

  private static Map<String, StoredTensor> tensors(Path file) throws InvalidModelException {
    return SafetensorsFile.open(file).tensors();
  }

  private static float[] values(Map<String, StoredTensor> tensors, String name) {
    return Objects.requireNonNull(tensors.get(name), name).toFloats();
  }

  /** The largest difference over the largest value. */
  private static double error(float[] expected, float[] found) {
    assertThat(found).hasSameSizeAs(expected);
    double largest = 0;
    double difference = 0;
    for (int i = 0; i < found.length; i++) {
      largest = Math.max(largest, Math.abs(expected[i]));
      difference = Math.max(difference, Math.abs((double) expected[i] - found[i]));
    }
    return difference / largest;
  }

  private static List<String> exchange(String... arguments) throws Exception {
    List<String> all = new ArrayList<>();
    all.add(Path.of("src/test/resources/peft/exchange.py").toAbsolutePath().toString());
    all.addAll(List.of(arguments));
    return python(all.toArray(String[]::new));
  }

  /** What it prints; its errors are lines, too, where it fails. */
  private static List<String> python(String... arguments) throws Exception {
    String given = System.getenv().getOrDefault("UNMASK_PYTHON", "python3");
    List<String> command = new ArrayList<>(List.of(given));
    command.addAll(List.of(arguments));
    Path errors = Files.createTempFile("python", ".err");
    try {
      Process child = new ProcessBuilder(command).redirectError(errors.toFile()).start();
      child.getOutputStream().close();
      List<String> lines;
      try (var output = child.inputReader(StandardCharsets.UTF_8)) {
        lines = output.lines().toList();
      }
      return child.waitFor() == 0 ? lines : List.of(Files.readString(errors));
    } catch (java.io.IOException e) {
      return List.of(String.valueOf(e.getMessage()));
    } finally {
      Files.deleteIfExists(errors);
    }
  }
}
