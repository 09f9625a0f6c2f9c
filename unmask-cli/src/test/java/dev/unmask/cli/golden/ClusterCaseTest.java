package dev.unmask.cli.golden;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.unmask.text.LladaTokenizer;
import dev.unmask.v1.Cache;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.Remasking;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClusterCaseTest {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String MODEL = "golden@sha256:" + "1".repeat(64);
  private static final String ARRAYS = "sha256:" + "2".repeat(64);

  private static ClusterCase of(String line) throws Exception {
    return ClusterCase.of(JSON.readTree(line), MODEL, ARRAYS);
  }

  private static GenerateRequest generate(ClusterCase c) {
    return Objects.requireNonNull(c.generate());
  }

  @Test
  void aCaseWithoutNoiseNamesNoDraws() throws Exception {
    ClusterCase c =
        of(
            """
            {"id": "f#g0", "folder": "f", "generate": {"token_ids": {"ids": [3, 0, 7]},
             "diffusion": {"gen_length": 8, "steps": 8, "eos_early_exit": false,
              "cache": "CACHE_DUAL", "cache_refresh": 2, "return_canvas": true},
             "sampling": {"temperature": 0.0}}}
            """);

    assertThat(c.score()).isNull();
    assertThat(generate(c).getModel()).isEqualTo(MODEL);
    assertThat(generate(c).getTokenIds().getIdsList()).containsExactly(3, 0, 7);
    assertThat(generate(c).getDiffusion().getCache()).isEqualTo(Cache.CACHE_DUAL);
    assertThat(generate(c).getDiffusion().hasEosEarlyExit()).isTrue();
    assertThat(generate(c).hasRecordedDraws()).isFalse();
    assertThat(
            c.answer("grpc", GenerateResponse.newBuilder().addCanvasIds(5).addCanvasIds(6).build()))
        .hasToString("{\"id\":\"f#g0\",\"way\":\"grpc\",\"canvas_ids\":[5,6],\"steps\":0}");
  }

  @Test
  void drawsAreNamedByTheStoredArraysAndTheCasesPrefix() throws Exception {
    ClusterCase noisy =
        of(
            """
            {"id": "f#g1", "folder": "f", "prefix": "g1", "generate": {"token_ids": {"ids": [1]},
             "diffusion": {"remasking": "REMASKING_RANDOM"}, "sampling": {"temperature": 0.5}}}
            """);
    ClusterCase score =
        of(
            """
            {"id": "f#l0", "folder": "f", "prefix": "l0", "score": {"samples": 8, "batch": 8,
             "context": {"token_ids": {"ids": [1]}}, "continuation": {"token_ids": {"ids": [2]}}}}
            """);

    assertThat(generate(noisy).getDiffusion().getRemasking()).isEqualTo(Remasking.REMASKING_RANDOM);
    assertThat(generate(noisy).getRecordedDraws().getDigest()).isEqualTo(ARRAYS);
    assertThat(generate(noisy).getRecordedDraws().getPrefix()).isEqualTo("g1");
    assertThat(score.generate()).isNull();
    assertThat(Objects.requireNonNull(score.score()).getRecordedDraws().getPrefix())
        .isEqualTo("l0");
    assertThat(Objects.requireNonNull(score.score()).getSamples()).isEqualTo(8);
  }

  @Test
  void theCopyServesIdsAsTextAndKnowsWhereAnswersEnd(@TempDir Path folder) throws Exception {
    Path golden = Files.createDirectories(folder.resolve("golden"));
    Files.writeString(golden.resolve("config.json"), "{\"mask_token_id\": 9, \"eos_token_id\": 7}");
    Files.writeString(golden.resolve("model.safetensors"), "weights");
    Files.writeString(golden.resolve("cases.safetensors"), "arrays");
    JsonNode facts =
        JSON.createObjectNode()
            .put("folder", golden.toString())
            .put("vocabulary", 10)
            .put("mask", 9)
            .put("eos", 7)
            .put("eot", 8);

    Path copy = folder.resolve("copy");
    PlaceholderModel.write(facts, copy);

    assertThat(copy.resolve("model.safetensors")).hasContent("weights");
    assertThat(copy.resolve("cases.safetensors")).doesNotExist();
    assertThat(JSON.readTree(copy.resolve("config.json").toFile()).get("eot_token_id").asInt())
        .isEqualTo(8);
    try (LladaTokenizer tokenizer = LladaTokenizer.load(copy)) {
      assertThat(tokenizer.special().mask()).isEqualTo(9);
      assertThat(tokenizer.vocabularySize()).isEqualTo(10);
      for (int id : List.of(0, 4, 6)) {
        assertThat(tokenizer.decode(new int[] {id})).isEqualTo("<" + id + ">");
      }
      assertThat(tokenizer.special().endsAnswer(8)).isTrue();
      assertThat(tokenizer.encode("any text")).isNotEmpty().containsOnly(0);
    }
  }
}
