package dev.unmask.testkit;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * An adapter with random numbers for a {@link TinyModel}, in PEFT's files: thin matrices beside the
 * query, value and down projections of every layer, strong enough that answers change, or virtual
 * tokens.
 *
 * @param virtualTokens how many; 0 for thin matrices
 * @param seed of the numbers
 */
public record TinyAdapter(TinyModel base, int virtualTokens, long seed) {

  private static final int RANK = 4;
  private static final ObjectMapper JSON = new ObjectMapper();

  public static TinyAdapter lowRank(TinyModel base, long seed) {
    return new TinyAdapter(base, 0, seed);
  }

  public static TinyAdapter prompt(TinyModel base, int virtualTokens, long seed) {
    return new TinyAdapter(base, virtualTokens, seed);
  }

  /** Writes the folder, created when missing, and returns it. */
  public Path write(Path folder) throws IOException {
    Files.createDirectories(folder);
    List<TinyTensor> tensors = new ArrayList<>();
    ObjectNode config = JSON.createObjectNode();
    if (virtualTokens > 0) {
      config
          .put("peft_type", "PROMPT_TUNING")
          .put("num_virtual_tokens", virtualTokens)
          .put("token_dim", base.width());
      tensors.add(
          TinyTensor.normal("prompt_embeddings", new Random(seed), virtualTokens, base.width(), 1));
    } else {
      config.put("peft_type", "LORA").put("r", RANK).put("lora_alpha", RANK).put("bias", "none");
      lowRank(config.putArray("target_modules"), tensors);
    }
    JSON.writeValue(folder.resolve("adapter_config.json").toFile(), config);
    TinySafetensors.write(folder.resolve("adapter_model.safetensors"), tensors, false);
    return folder;
  }

  private void lowRank(ArrayNode targets, List<TinyTensor> tensors) {
    Random random = new Random(seed);
    int width = base.width();
    int kvWidth = width / base.heads() * base.kvHeads();
    for (int layer = 0; layer < base.layers(); layer++) {
      String block = "model.transformer.blocks." + layer + ".";
      add(targets, tensors, random, block + "q_proj", width, width);
      add(targets, tensors, random, block + "v_proj", width, kvWidth);
      add(targets, tensors, random, block + "ff_out", base.mlpWidth(), width);
    }
  }

  private static void add(
      ArrayNode targets, List<TinyTensor> tensors, Random random, String module, int in, int out) {
    targets.add(module);
    String name = "base_model.model." + module;
    tensors.add(TinyTensor.normal(name + ".lora_A.weight", random, RANK, in, 1 / Math.sqrt(in)));
    tensors.add(TinyTensor.normal(name + ".lora_B.weight", random, out, RANK, 2 / Math.sqrt(RANK)));
  }
}
