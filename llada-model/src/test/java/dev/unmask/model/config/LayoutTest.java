package dev.unmask.model.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.unmask.model.InvalidModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The published config.json files of the family, and what is refused in them. */
class LayoutTest {

  private static final Path CONFIGS = Path.of("src/test/resources/configs");

  @TempDir Path folder;

  private static String published(String name) throws IOException {
    return Files.readString(CONFIGS.resolve(name + ".json"));
  }

  @Test
  void readsLlada() throws Exception {
    ModelConfig config = ModelConfig.parse(published("llada-8b"));

    assertThat(config.layout()).isEqualTo(Layout.LLADA);
    assertThat(config.headWidth()).isEqualTo(128);
    assertThat(config.qkvBias()).isFalse();
    assertThat(config.ropeInActivationType()).isFalse();
    assertThat(config.logitShift()).isZero();
    assertThat(config.mask()).isEqualTo(new AttentionMask.Full());
    assertThat(config.parameterCount()).isEqualTo(8_015_581_184L);
  }

  @Test
  void readsIllada() throws Exception {
    ModelConfig config = ModelConfig.parse(published("illada-8b"));

    assertThat(config.layout()).isEqualTo(Layout.ILLADA);
    assertThat(config.heads()).isEqualTo(32);
    assertThat(config.kvHeads()).isEqualTo(8);
    assertThat(config.kvWidth()).isEqualTo(1024);
    assertThat(config.tiedHead()).isTrue();
    assertThat(config.ropeInActivationType()).isTrue();
    assertThat(config.logitShift()).isZero();
    assertThat(config.tokens().mask()).isEqualTo(5);
    assertThat(config.contextLength()).isEqualTo(8192);
    assertThat(config.parameterCount()).isEqualTo(7_615_025_152L);
  }

  @Test
  void readsDream() throws Exception {
    ModelConfig config = ModelConfig.parse(published("dream-7b"));

    assertThat(config.layout()).isEqualTo(Layout.DREAM);
    assertThat(config.qkvBias()).isTrue();
    assertThat(config.tiedHead()).isFalse();
    assertThat(config.logitShift()).isEqualTo(1);
    assertThat(config.ropeInActivationType()).isTrue();
    assertThat(config.mask()).isEqualTo(new AttentionMask.Full());
    assertThat(config.normEpsilon()).isEqualTo(1e-6);
    assertThat(config.tokens()).isEqualTo(new SpecialTokens(151666, 151643, 151643, -1));
    assertThat(config.parameterCount()).isEqualTo(7_615_616_512L);
  }

  @Test
  void readsMmada() throws Exception {
    ModelConfig config = ModelConfig.parse(published("mmada-8b"));

    assertThat(config.layout()).isEqualTo(Layout.MMADA);
    assertThat(config.vocabularySize()).isEqualTo(134_656);
    assertThat(config.tokens().mask()).isEqualTo(126_336);
    assertThat(config.parameterCount()).isEqualTo(8_082_690_048L);
  }

  @Test
  void readsTheAutoregressiveTwin() throws Exception {
    ModelConfig config =
        ModelConfig.parse(
            published("llada-8b").replace("LLaDAModelLM\"],", "UnmaskAutoregressiveLM\"],"));

    assertThat(config.layout()).isEqualTo(Layout.AUTOREGRESSIVE);
    assertThat(config.mask()).isEqualTo(new AttentionMask.Causal());
    assertThat(config.logitShift()).isEqualTo(1);
  }

  @Test
  void readsTheBlockLengthOfABlockCausalModel() throws Exception {
    String text = published("llada-8b").replace("LLaDAModelLM\"],", "UnmaskBlockCausalLM\"],");
    assertThatThrownBy(() -> ModelConfig.parse(text))
        .hasMessageContaining("block_length is missing; it must be a positive integer");

    ModelConfig config =
        ModelConfig.parse(text.replace("\"alibi\"", "\"block_length\": 32, \"alibi\""));

    assertThat(config.mask()).isEqualTo(new AttentionMask.BlockCausal(32));
    assertThat(config.logitShift()).isZero();
  }

  @ParameterizedTest
  @EnumSource
  void readsBackWhatItWrites(Layout layout) throws Exception {
    ModelConfig config =
        ModelConfig.shape(layout)
            .width(64)
            .layers(3)
            .heads(4)
            .kvHeads(2)
            .headWidth(24)
            .mlpWidth(96)
            .vocabularySize(80)
            .contextLength(256)
            .tokens(70, 71, 72)
            .build();

    assertThat(ModelConfig.parse(config.toJson("float32"))).isEqualTo(config);
  }

  @Test
  void lladasNameOverLlamasFieldsIsReadAsIllada() throws Exception {
    ModelConfig config =
        ModelConfig.parse(
            published("illada-8b").replace("ILLaDAForCausalLM\"],", "LLaDAModelLM\"],"));

    assertThat(config.layout()).isEqualTo(Layout.ILLADA);
  }

  @Test
  void takesIlladasMaskFromItsTokenizer() throws Exception {
    Files.writeString(folder.resolve("config.json"), published("illada-8b"));
    assertThat(ModelConfig.load(folder).tokens().mask()).isEqualTo(5);

    tokenizer("{\"id\": 7, \"content\": \"<[MASK]>\"}, {\"id\": 9, \"content\": \"<|im_end|>\"}");
    assertThat(ModelConfig.load(folder).tokens().mask()).isEqualTo(7);
    assertThat(ModelConfig.load(folder).tokens().eot()).isEqualTo(9);

    tokenizer("");
    assertThatThrownBy(() -> ModelConfig.load(folder))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("no added token <[MASK]> and config.json no mask_token_id");
  }

  @Test
  void takesDreamsEndOfTurnFromItsTokenizer() throws Exception {
    Files.writeString(folder.resolve("config.json"), published("dream-7b"));
    tokenizer("{\"id\": 151645, \"content\": \"<|im_end|>\"}");

    assertThat(ModelConfig.load(folder).tokens().eot()).isEqualTo(151645);
  }

  private void tokenizer(String addedTokens) throws IOException {
    Files.writeString(
        folder.resolve("tokenizer.json"), "{\"added_tokens\": [" + addedTokens + "]}");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          illada-8b | "attention_bias": false        | "attention_bias": true              | attention_bias is true; it must be false
          illada-8b | "mlp_bias": false              | "mlp_bias": true                    | mlp_bias is true; it must be false
          illada-8b | "layer_norm_eps": null         | "layer_norm_eps": 1e-5              | layer_norm_eps is 1.0E-5; it must be absent
          illada-8b | "hidden_act": "silu"           | "hidden_act": "gelu"                | hidden_act is "gelu"; it must be "silu"
          illada-8b | "rope_theta": 500000.0,        | "x": 1,                             | rope_theta is missing
          illada-8b | "rms_norm_eps": 1e-06,         | "x": 1,                             | rms_norm_eps is missing
          illada-8b | "resid_pdrop": 0.0             | "sliding_window": 4096              | sliding_window is 4096; it must be absent
          illada-8b | "resid_pdrop": 0.0             | "partial_rotary_factor": 0.5        | partial_rotary_factor is 0.5; it must be 1
          illada-8b | "resid_pdrop": 0.0             | "final_logit_softcapping": 30.0     | final_logit_softcapping is 30.0; it must be absent
          illada-8b | "resid_pdrop": 0.0             | "qk_norm": true                     | qk_norm is true; it must be false
          illada-8b | "resid_pdrop": 0.0             | "is_causal": true                   | is_causal is true; it must be false
          illada-8b | "num_key_value_heads": 8       | "num_key_value_heads": 5            | num_key_value_heads is 5; it must be a divisor
          illada-8b | "vocab_size": 155136           | "vocab_size": 4                     | vocab_size is 4; it must be above the mask id 5
          dream-7b  | "rope_scaling": null           | "rope_scaling": {"type": "yarn", "factor": 4.0} | rope_scaling is {"type":"yarn","factor":4.0}; it must be null
          dream-7b  | "use_sliding_window": false    | "use_sliding_window": true          | use_sliding_window is true; it must be false
          dream-7b  | "use_mrope": false             | "use_mrope": true                   | use_mrope is true; it must be false
          dream-7b  | "use_cache": true              | "quantization_config": {"bits": 4}  | quantization_config is {"bits":4}; it must be absent or null
          dream-7b  | "use_cache": true              | "layer_types": ["sliding_attention"] | layer_types is ["sliding_attention"]; it must be "full_attention" throughout
          dream-7b  | "mask_token_id": 151666        | "mask_token_id": 152064             | mask_token_id is 152064; it must be a token id from 0 to 152063
          dream-7b  | "num_attention_heads": 28      | "num_attention_heads": 27           | num_attention_heads is 27; it must be a divisor of hidden_size 3584
          dream-7b  | "DreamModel"], "att            | "Qwen2ForCausalLM"], "att           | architectures is ["Qwen2ForCausalLM"]; it must be ["LLaDAModelLM"] or
          llada-8b  | "alibi": false                 | "rope_scaling": {"factor": 2}       | rope_scaling is {"factor":2}; it must be absent or null
          llada-8b  | "include_bias": false          | "include_bias": true                | include_bias is true; it must be false
          llada-8b  | "alibi": false                 | "rotary_fraction": 0.5              | rotary_fraction is 0.5; it must be absent
          llada-8b  | "block_group_size": 1          | "block_group_size": 2               | block_group_size is 2; it must be 1
          llada-8b  | "LLaDAModelLM"], "att          | "LLaDAMoEModelLM"], "att            | because mixtures of experts are not supported
          llada-8b  | "alibi": false                 | "num_experts": 64                   | num_experts is 64; it must be absent, because mixtures of experts are not supported
          mmada-8b  | "input_emb_norm": false        | "input_emb_norm": true              | input_emb_norm is true; it must be false
          """)
  void refusesByNameWhatItCannotHonour(
      String name, String original, String changed, String sentence) throws IOException {
    assertThat(published(name)).contains(original);
    assertThatThrownBy(() -> ModelConfig.parse(published(name).replace(original, changed)))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining(sentence);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          dream-7b  | "sliding_window": null        | "sliding_window": 131072
          dream-7b  | "rope_scaling": null          | "rope_scaling": {"rope_type": "default"}
          dream-7b  | "rope_theta": 1000000.0       | "rope_parameters": {"rope_theta": 1000000.0, "rope_type": "default"}
          llada-8b  | "use_cache": false            | "unsloth_version": "2026.1", "_name_or_path": "x"
          llada-8b  | "mlp_hidden_size": 12288, "mlp_ratio": 4 | "mlp_hidden_size": null, "mlp_ratio": 3
          """)
  void acceptsWhatChangesNothing(String name, String original, String changed) throws Exception {
    assertThat(published(name)).contains(original);
    assertThat(ModelConfig.parse(published(name).replace(original, changed)))
        .isEqualTo(ModelConfig.parse(published(name)));
  }
}
