package dev.unmask.model.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.unmask.model.InvalidModelException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelConfigTest {

  /** LLaDA-8B's own values. */
  private static final String LLADA_8B =
      """
      {"model_type": "llada", "architectures": ["LLaDAModelLM"], "block_type": "llama",
       "block_group_size": 1, "d_model": 4096, "n_layers": 32, "n_heads": 32, "n_kv_heads": 32,
       "multi_query_attention": null, "mlp_hidden_size": 12288, "mlp_ratio": 4,
       "activation_type": "silu", "layer_norm_type": "rms", "layer_norm_with_affine": true,
       "bias_for_layer_norm": false, "attention_layer_norm": false,
       "attention_layer_norm_with_affine": true, "rms_norm_eps": 1e-05, "input_emb_norm": false,
       "rope": true, "rope_theta": 500000.0, "rope_full_precision": true, "alibi": false,
       "alibi_bias_max": 8.0, "max_sequence_length": 4096, "scale_logits": false,
       "vocab_size": 126464, "embedding_size": 126464, "weight_tying": false,
       "include_bias": false, "include_qkv_bias": false, "mask_token_id": 126336,
       "eos_token_id": 126081, "pad_token_id": 126081, "torch_dtype": "bfloat16"}
      """;

  @Test
  void readsLlada8b() throws Exception {
    ModelConfig config = ModelConfig.parse(LLADA_8B);

    assertThat(config.parameterCount()).isEqualTo(8_015_581_184L);
    assertThat(config.headWidth()).isEqualTo(128);
    assertThat(config.tokens()).isEqualTo(new SpecialTokens(126336, 126081, 126081, -1));
  }

  @Test
  void readsBackWhatItWrites() throws Exception {
    ModelConfig config = ModelConfig.parse(LLADA_8B).withEndOfTurn(126348);

    assertThat(ModelConfig.parse(config.toJson("bfloat16"))).isEqualTo(config);
  }

  @Test
  void findsTheEndOfTurnInTheTokenizer(@TempDir Path folder) throws Exception {
    Files.writeString(folder.resolve("config.json"), LLADA_8B);
    Files.writeString(
        folder.resolve("tokenizer.json"),
        "{\"added_tokens\": [{\"id\": 126348, \"content\": \"<|eot_id|>\"}]}");

    assertThat(ModelConfig.load(folder).tokens().eot()).isEqualTo(126348);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "alibi": false                    | "alibi": true                     | alibi is true; it must be false
          "rope": true                      | "rope": false                     | rope is false; it must be true
          "block_type": "llama"             | "block_type": "sequential"        | block_type is "sequential"; it must be "llama"
          "attention_layer_norm": false     | "attention_layer_norm": true      | attention_layer_norm is true; it must be false
          "scale_logits": false             | "scale_logits": true              | scale_logits is true; it must be false
          "include_qkv_bias": false         | "include_qkv_bias": true          | include_qkv_bias is true; it must be false
          "rope_full_precision": true       | "rope_full_precision": false      | rope_full_precision is false; it must be true
          "architectures": ["LLaDAModelLM"] | "architectures": ["LlamaForCausalLM"] | architectures is ["LlamaForCausalLM"]; it must be ["LLaDAModelLM"]
          "architectures": ["LLaDAModelLM"] | "architectures": [""]             | architectures is [""]; it must be ["LLaDAModelLM"]
          "architectures": ["LLaDAModelLM"] | "architectures": ["LLaDAModelLM", "GPT2"] | it must be ["LLaDAModelLM"]
          "architectures": ["LLaDAModelLM"] | "architectures": "LLaDAModelLM"   | architectures is "LLaDAModelLM"; it must be ["LLaDAModelLM"]
          "rope": true                      | "rope": null                      | rope is null; it must be true
          "block_type": "llama",            | "x": 1,                           | block_type is missing; it must be "llama"
          "include_bias": false             | "y": 2                            | include_bias is missing; it must be false
          "n_kv_heads": 32                  | "n_kv_heads": 5                   | n_kv_heads is 5; it must be a divisor of n_heads 32
          "n_heads": 32                     | "n_heads": 30                     | n_heads is 30; it must be a divisor of d_model 4096
          "d_model": 4096                   | "d_model": "big"                  | d_model is "big"; it must be a positive integer
          "d_model": 4096,                  | "x": 1,                           | d_model is missing; it must be a positive integer
          "mask_token_id": 126336           | "mask_token_id": 126464           | mask_token_id is 126464; it must be a token id from 0 to 126463
          "embedding_size": 126464          | "embedding_size": 5               | embedding_size is 5; it must be at least vocab_size 126464
          """)
  void refusesByNameWhatItCannotHonour(String original, String changed, String sentence) {
    assertThat(LLADA_8B).contains(original);
    assertThatThrownBy(() -> ModelConfig.parse(LLADA_8B.replace(original, changed)))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining(sentence);
  }

  @Test
  void refusesAFolderWithoutConfig(@TempDir Path folder) {
    assertThatThrownBy(() -> ModelConfig.load(folder))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("config.json does not exist");
  }
}
