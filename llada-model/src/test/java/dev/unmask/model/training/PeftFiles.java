package dev.unmask.model.training;

import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.safetensors.ElementType;
import dev.unmask.model.safetensors.SafetensorsWriter;
import dev.unmask.model.transformer.LowRankAdapter;
import dev.unmask.model.transformer.WeightTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Writes adapters as PEFT would, bound to no base. */
final class PeftFiles {

  private PeftFiles() {}

  static Path lowRank(
      Path folder, ModelConfig config, List<LowRankAdapter.Factors> factors, double scale)
      throws IOException {
    Files.createDirectories(folder);
    SafetensorsWriter writer = new SafetensorsWriter();
    List<String> targets = new ArrayList<>();
    int rank = factors.get(0).rank();
    for (LowRankAdapter.Factors one : factors) {
      WeightTable.Weight weight =
          WeightTable.of(config).stream()
              .filter(w -> w.layer() == one.layer() && w.role() == one.role())
              .findFirst()
              .orElseThrow();
      String module = LoraTargets.module(weight);
      targets.add("\"" + module + "\"");
      add(writer, module + PeftNames.A, rank, one.a().length / rank, one.a());
      add(writer, module + PeftNames.B, one.b().length / rank, rank, one.b());
    }
    writer.write(folder.resolve(AdapterFolder.WEIGHTS_FILE));
    Files.writeString(
        folder.resolve(AdapterFolder.CONFIG_FILE),
        """
        {"peft_type": "LORA", "r": %d, "lora_alpha": %s, "bias": "none", "target_modules": [%s]}
        """
            .formatted(rank, scale * rank, String.join(", ", targets)));
    return folder;
  }

  static Path prompt(Path folder, ModelConfig config, float[] vectors) throws IOException {
    Files.createDirectories(folder);
    int count = vectors.length / config.width();
    new SafetensorsWriter()
        .add(PeftNames.PROMPT, ElementType.F32, new long[] {count, config.width()}, () -> vectors)
        .write(folder.resolve(AdapterFolder.WEIGHTS_FILE));
    Files.writeString(
        folder.resolve(AdapterFolder.CONFIG_FILE),
        """
        {"peft_type": "PROMPT_TUNING", "num_virtual_tokens": %d, "token_dim": %d}
        """
            .formatted(count, config.width()));
    return folder;
  }

  private static void add(
      SafetensorsWriter writer, String name, long rows, long columns, float[] values) {
    writer.add(PeftNames.PREFIX + name, ElementType.F32, new long[] {rows, columns}, () -> values);
  }
}
