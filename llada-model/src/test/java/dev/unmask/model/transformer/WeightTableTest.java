package dev.unmask.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.model.config.ModelConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Names, shapes and totals of the published checkpoints (property 8.2.8). */
class WeightTableTest {

  private static List<String> table(String model) throws Exception {
    return WeightTable.of(published(model)).stream()
        .map(weight -> weight.name() + " " + weight.shape())
        .toList();
  }

  private static ModelConfig published(String model) throws Exception {
    return ModelConfig.parse(
        Files.readString(Path.of("src/test/resources/configs/" + model + ".json")));
  }

  @ParameterizedTest
  @CsvSource({
    "llada-8b, 291, 8015581184, 16031162368",
    "illada-8b, 290, 7615025152, 15230050304",
    "dream-7b, 339, 7615616512, 15231233024",
    "mmada-8b, 291, 8082690048, 16165380096"
  })
  void property8TotalsOfThePublishedModels(
      String model, int tensors, long parameters, long bytesInBfloat16) throws Exception {
    List<WeightTable.Weight> table = WeightTable.of(published(model));

    assertThat(table).hasSize(tensors);
    long sum =
        table.stream()
            .mapToLong(weight -> weight.shape().stream().reduce(1L, Math::multiplyExact))
            .sum();
    assertThat(sum).isEqualTo(parameters).isEqualTo(published(model).parameterCount());
    assertThat(2 * sum).isEqualTo(bytesInBfloat16);
  }

  @Test
  void llada() throws Exception {
    String block = "model.transformer.blocks.31.";
    assertThat(table("llada-8b"))
        .startsWith(
            "model.transformer.wte.weight [126464, 4096]",
            "model.transformer.blocks.0.attn_norm.weight [4096]")
        .containsSequence(
            block + "attn_norm.weight [4096]",
            block + "q_proj.weight [4096, 4096]",
            block + "k_proj.weight [4096, 4096]",
            block + "v_proj.weight [4096, 4096]",
            block + "attn_out.weight [4096, 4096]",
            block + "ff_norm.weight [4096]",
            block + "ff_proj.weight [12288, 4096]",
            block + "up_proj.weight [12288, 4096]",
            block + "ff_out.weight [4096, 12288]",
            "model.transformer.ln_f.weight [4096]",
            "model.transformer.ff_out.weight [126464, 4096]");
  }

  @Test
  void illada() throws Exception {
    String block = "model.layers.31.";
    assertThat(table("illada-8b"))
        .startsWith("model.embed_tokens.weight [155136, 4096]")
        .containsSequence(
            block + "input_layernorm.weight [4096]",
            block + "self_attn.q_proj.weight [4096, 4096]",
            block + "self_attn.k_proj.weight [1024, 4096]",
            block + "self_attn.v_proj.weight [1024, 4096]",
            block + "self_attn.o_proj.weight [4096, 4096]",
            block + "post_attention_layernorm.weight [4096]",
            block + "mlp.gate_proj.weight [14336, 4096]",
            block + "mlp.up_proj.weight [14336, 4096]",
            block + "mlp.down_proj.weight [4096, 14336]",
            "model.norm.weight [4096]")
        .endsWith("model.norm.weight [4096]");
  }

  @Test
  void dream() throws Exception {
    String block = "model.layers.27.";
    assertThat(table("dream-7b"))
        .startsWith("model.embed_tokens.weight [152064, 3584]")
        .containsSequence(
            block + "input_layernorm.weight [3584]",
            block + "self_attn.q_proj.weight [3584, 3584]",
            block + "self_attn.k_proj.weight [512, 3584]",
            block + "self_attn.v_proj.weight [512, 3584]",
            block + "self_attn.o_proj.weight [3584, 3584]",
            block + "post_attention_layernorm.weight [3584]",
            block + "mlp.gate_proj.weight [18944, 3584]",
            block + "mlp.up_proj.weight [18944, 3584]",
            block + "mlp.down_proj.weight [3584, 18944]",
            block + "self_attn.q_proj.bias [3584]",
            block + "self_attn.k_proj.bias [512]",
            block + "self_attn.v_proj.bias [512]",
            "model.norm.weight [3584]",
            "lm_head.weight [152064, 3584]");
  }

  @Test
  void mmadaAndTheLayoutsOfThisProjectBearLladasNames() throws Exception {
    ModelConfig llada = published("llada-8b");
    List<String> names = WeightTable.of(llada).stream().map(WeightTable.Weight::name).toList();

    Stream.of("UnmaskAutoregressiveLM", "UnmaskBlockCausalLM", "MMadaModelLM")
        .map(name ->
            llada
                .toJson("bfloat16")
                .replace("\"LLaDAModelLM\"", "\"" + name + "\"")
                .replace("\"rope\"", "\"block_length\" : 8, \"rope\""))
        .map(WeightTableTest::parsed)
        .forEach(config -> {
          assertThat(config.layout()).isNotEqualTo(llada.layout());
          assertThat(WeightTable.of(config).stream().map(WeightTable.Weight::name).toList())
              .isEqualTo(names);
        });
  }

  private static ModelConfig parsed(String json) {
    try {
      boolean blocks = json.contains("UnmaskBlockCausalLM");
      return ModelConfig.parse(blocks ? json : json.replace("\"block_length\" : 8, ", ""));
    } catch (dev.unmask.model.InvalidModelException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void theStrideBetweenBlocksCountsTheBiases() throws Exception {
    ModelConfig dream = published("dream-7b");
    List<WeightTable.Weight> table = WeightTable.of(dream);

    assertThat(WeightTable.perBlock(dream)).isEqualTo(12);
    assertThat(table.get(WeightTable.FIRST_BLOCK + 5 * 12).name())
        .isEqualTo("model.layers.5.input_layernorm.weight");
    assertThat(table.get(WeightTable.finalNorm(dream)).name()).isEqualTo("model.norm.weight");
    assertThat(table.get(WeightTable.head(dream)).name()).isEqualTo("lm_head.weight");
    assertThat(WeightTable.head(published("illada-8b"))).isZero();
  }
}
