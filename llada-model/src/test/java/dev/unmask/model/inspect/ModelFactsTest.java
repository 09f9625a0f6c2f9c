package dev.unmask.model.inspect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.safetensors.ElementType;
import dev.unmask.model.safetensors.SparseFile;
import dev.unmask.model.safetensors.WeightFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class ModelFactsTest {

  /** Every field of LLaDA-8B's config.json, as published. */
  private static final String LLADA_8B =
      """
      {"activation_type": "silu", "alibi": false, "alibi_bias_max": 8.0,
       "architectures": ["LLaDAModelLM"], "attention_dropout": 0.0, "attention_layer_norm": false,
       "attention_layer_norm_with_affine": true,
       "auto_map": {"AutoConfig": "configuration_llada.LLaDAConfig",
                    "AutoModelForCausalLM": "modeling_llada.LLaDAModelLM",
                    "AutoModel": "modeling_llada.LLaDAModelLM"},
       "bias_for_layer_norm": false, "block_group_size": 1, "block_type": "llama", "d_model": 4096,
       "embedding_dropout": 0.0, "embedding_size": 126464, "eos_token_id": 126081,
       "flash_attention": false, "include_bias": false, "include_qkv_bias": false,
       "init_cutoff_factor": null, "init_device": "meta", "init_fn": "mitchell", "init_std": 0.02,
       "input_emb_norm": false, "layer_norm_type": "rms", "layer_norm_with_affine": true,
       "mask_token_id": 126336, "max_sequence_length": 4096, "mlp_hidden_size": 12288,
       "mlp_ratio": 4, "model_type": "llada", "multi_query_attention": null, "n_heads": 32,
       "n_kv_heads": 32, "n_layers": 32, "pad_token_id": 126081, "precision": "amp_bf16",
       "residual_dropout": 0.0, "rms_norm_eps": 1e-05, "rope": true, "rope_full_precision": true,
       "rope_theta": 500000.0, "scale_logits": false, "torch_dtype": "bfloat16",
       "transformers_version": "4.46.2", "use_cache": false, "vocab_size": 126464,
       "weight_tying": false}
      """;

  @TempDir Path folder;

  @Test
  void llada8bByConfigAndIndexAlone() throws Exception {
    write(LLADA_8B, index(names8b()));

    JsonNode facts = ModelFacts.of(folder);

    assertThat(facts.path("architecture").asText()).isEqualTo("LLaDAModelLM");
    assertThat(facts.path("parameters").asLong()).isEqualTo(8_015_581_184L);
    assertThat(facts.path("parameters_without_embeddings").asLong()).isEqualTo(6_979_588_096L);
    assertThat(facts.path("tensors").asInt()).isEqualTo(291);
    assertThat(facts.path("context").asInt()).isEqualTo(4096);
    JsonNode weights = facts.path("weights");
    assertThat(weights.path("known_from").asText()).isEqualTo("index");
    assertThat(weights.path("shards").asInt()).isEqualTo(6);
    assertThat(weights.path("bytes").asLong()).isEqualTo(16_031_162_368L);
    assertThat(weights.path("bytes_per_parameter").asDouble()).isEqualTo(2);
    assertThat(facts.path("special_tokens").path("mask").asInt()).isEqualTo(126_336);
    JsonNode memory = facts.path("memory");
    assertThat(memory.path("bfloat16_weights").asLong()).isEqualTo(16_031_162_368L);
    // 512 KiB a token, the memory problem of a model without grouped heads.
    assertThat(memory.path("bfloat16_cache_per_token").asLong()).isEqualTo(512 << 10);
    JsonNode flops = facts.path("flops");
    assertThat(flops.path("blocks_per_token").asLong())
        .isEqualTo(2L * 32 * (67_108_864 + 150_994_944));
    assertThat(flops.path("head_per_slot_asked").asLong()).isEqualTo(2L * 517_996_544);
    assertThat(flops.path("attention_per_token_and_key").asLong()).isEqualTo(4L * 32 * 4096);
    assertThat(facts.path("presets").path("quality").asText()).contains("reference");
  }

  /** All sixteen gigabytes are there, as holes in one file. */
  @Test
  @Timeout(60)
  void llada8bByItsHeaders() throws Exception {
    Files.writeString(folder.resolve(ModelConfig.FILE_NAME), LLADA_8B);
    SparseFile file = new SparseFile();
    names8b().forEach((name, shape) -> file.add(name, ElementType.BF16, shape));
    file.write(folder.resolve(WeightFiles.SINGLE_FILE), Map.of());

    JsonNode facts = ModelFacts.of(folder);

    assertThat(facts.path("tensors").asInt()).isEqualTo(291);
    JsonNode weights = facts.path("weights");
    assertThat(weights.path("known_from").asText()).isEqualTo("headers");
    assertThat(weights.path("bytes_by_type").path("BF16").asLong()).isEqualTo(16_031_162_368L);
    assertThat(weights.path("shards").asInt()).isEqualTo(1);
  }

  @Test
  void anIndexThatDoesNotFitTheConfigIsRefused() throws Exception {
    Map<String, long[]> names = names8b();
    names.remove("model.transformer.blocks.7.up_proj.weight");
    write(LLADA_8B, index(names));
    refused("the index has no tensor model.transformer.blocks.7.up_proj.weight");

    names.put("model.transformer.blocks.7.up_proj.weight", new long[] {1});
    names.put("model.transformer.blocks.7.q_proj.bias", new long[] {1});
    write(LLADA_8B, index(names));
    refused("1 tensors that config.json gives no use");

    write(LLADA_8B.replace("\"n_layers\": 32", "\"n_layers\": 60000"), index(names8b()));
    refused("config.json says 60000 layers, but the files hold only 291 tensors");
  }

  @Test
  void aShardThatIsMissingAmongOthersIsNamed() throws Exception {
    write(LLADA_8B, index(names8b()));
    Files.write(folder.resolve("model-00002-of-00006.safetensors"), new byte[0]);

    refused("model-00001-of-00006.safetensors does not exist");
  }

  @Test
  void aConfigThatCannotBeHonouredIsRefusedByItsField() throws Exception {
    write(LLADA_8B.replace("\"alibi\": false", "\"alibi\": true"), index(names8b()));

    refused("config.json: alibi is true; it must be false");
  }

  @Test
  void aFolderWithAConfigAloneHasItsArithmetic() throws Exception {
    Files.writeString(folder.resolve(ModelConfig.FILE_NAME), LLADA_8B);

    JsonNode facts = ModelFacts.of(folder);

    assertThat(facts.path("parameters").asLong()).isEqualTo(8_015_581_184L);
    assertThat(facts.path("tensors").asInt()).isZero();
    assertThat(facts.path("weights").path("known_from").asText()).startsWith("nothing");
  }

  @Test
  void theShippedModelHasTokenizerAndTemplate() throws Exception {
    JsonNode facts = ModelFacts.of(Path.of("../models/unmask-mini"));

    assertThat(facts.path("weights").path("known_from").asText()).isEqualTo("headers");
    assertThat(facts.path("text").path("chat_template").asBoolean()).isTrue();
    assertThat(facts.path("text").has("fault")).isFalse();
    assertThat(facts.path("text").path("ids").asInt())
        .isEqualTo(facts.path("shape").path("vocabulary").asInt());
    assertThat(facts.path("special_tokens").path("begin_of_text").isInt()).isTrue();
  }

  private void refused(String sentence) {
    assertThatThrownBy(() -> ModelFacts.of(folder))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining(sentence);
  }

  private void write(String config, String index) throws Exception {
    Files.writeString(folder.resolve(ModelConfig.FILE_NAME), config);
    Files.writeString(folder.resolve(WeightFiles.INDEX_FILE), index);
  }

  /** The published names and shapes, written down once more and not taken from the code. */
  private static Map<String, long[]> names8b() {
    Map<String, long[]> names = new LinkedHashMap<>();
    names.put("model.transformer.wte.weight", new long[] {126_464, 4096});
    for (int n = 0; n < 32; n++) {
      String block = "model.transformer.blocks." + n + ".";
      names.put(block + "attn_norm.weight", new long[] {4096});
      for (String square : new String[] {"q_proj", "k_proj", "v_proj", "attn_out"}) {
        names.put(block + square + ".weight", new long[] {4096, 4096});
      }
      names.put(block + "ff_norm.weight", new long[] {4096});
      names.put(block + "ff_proj.weight", new long[] {12_288, 4096});
      names.put(block + "up_proj.weight", new long[] {12_288, 4096});
      names.put(block + "ff_out.weight", new long[] {4096, 12_288});
    }
    names.put("model.transformer.ln_f.weight", new long[] {4096});
    names.put("model.transformer.ff_out.weight", new long[] {126_464, 4096});
    return names;
  }

  private static String index(Map<String, long[]> names) {
    int[] at = {0};
    return names.keySet().stream()
        .map(name ->
            String.format(
                "\"%s\": \"model-%05d-of-00006.safetensors\"",
                name, 1 + 6 * at[0]++ / names.size()))
        .collect(
            Collectors.joining(
                ", ", "{\"metadata\": {\"total_size\": 16031162368}, \"weight_map\": {", "}}"));
  }
}
