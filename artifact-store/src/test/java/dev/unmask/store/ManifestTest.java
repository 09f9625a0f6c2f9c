package dev.unmask.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ManifestTest {

  private static final String HEX = "0".repeat(64);

  static Manifest manifest(String path, Map<String, Double> metrics) {
    return new Manifest(
        Manifest.SCHEMA_VERSION,
        "ft:tiny:x:ftjob-1",
        "tiny",
        Manifest.Kind.FULL,
        12L,
        null,
        new Digest(HEX),
        List.of(
            new ManifestFile(path, ManifestFile.Role.WEIGHTS, 3, HEX, "application/octet-stream"),
            new ManifestFile("config.json", ManifestFile.Role.CONFIG, 1, HEX, "application/json")),
        new Manifest.Architecture(
            "llada", 1, 8, 2, 2, 16, 10, 64, false, "rms", "silu", 500_000.0, "F32", 1234L),
        new Manifest.Diffusion(9, 7, null, "linear", false, 1e-3, "1/t", null, 32),
        new Digest(HEX),
        null,
        null,
        new Manifest.Training(
            "ftjob-1",
            3,
            0.5,
            Long.MAX_VALUE,
            "0.1.0",
            null,
            "adamw",
            "1/t",
            1e-7,
            64L,
            99,
            1.5,
            "cpu",
            List.of(new Manifest.Dataset("file-1", HEX, 3, 0, "CC0-1.0"))),
        metrics,
        null,
        "Apache-2.0",
        List.of("Ünmask \"team\"\n"),
        Manifest.Compat.own(),
        null);
  }

  @Test
  void theJsonReadsBackToTheSameManifestAndDigest() throws StoreException {
    Manifest manifest = manifest("model.safetensors", Map.of("valid_nll", 2.0, "a", 0.1));
    Manifest read = Manifest.parse(manifest.canonicalJson());
    assertThat(read).isEqualTo(manifest);
    assertThat(read.digest()).isEqualTo(Digest.of(manifest.canonicalJson()));
  }

  @Test
  void theJsonHasOneSpelling() {
    String json =
        new String(
            manifest("model.safetensors", Map.of("b", 2.0, "a", 1e21)).canonicalJson(),
            StandardCharsets.UTF_8);
    assertThat(json)
        .startsWith(
            "{\"architecture\":{\"act\":\"silu\",\"dtype\":\"F32\",\"family\":\"llada\",\"ffn\":16,")
        .contains("\"attributions\":[\"Ünmask \\\"team\\\"\\n\"]")
        .contains("\"metrics\":{\"a\":1e+21,\"b\":2}")
        .contains("\"seed\":9223372036854775807")
        .doesNotContain("null")
        .doesNotContain(": ");
    assertThat(json.indexOf("config.json")).isLessThan(json.indexOf("model.safetensors"));
  }

  // The table of RFC 8785, appendix B, in doubles.
  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "-0.0, 0",
    "4.9E-324, 5e-324",
    "1.7976931348623157E308, 1.7976931348623157e+308",
    "9007199254740992, 9007199254740992",
    "295147905179352830000, 295147905179352830000",
    "9.999999999999997E22, 9.999999999999997e+22",
    "1E23, 1e+23",
    "999999999999999700000, 999999999999999700000",
    "1E21, 1e+21",
    "9.999999999999997E-7, 9.999999999999997e-7",
    "0.000001, 0.000001",
    "333333333.3333332, 333333333.3333332",
    "-0.0000033333333333333333, -0.0000033333333333333333"
  })
  void numbersAreSpelledAsEcmaScriptDoes(double value, String text) {
    assertThat(CanonicalJson.number(value)).isEqualTo(text);
  }

  @Test
  void stringsEscapeOnlyWhatTheyMust() throws Exception {
    String text = "\u20ac$\u000f\nA'B\"\\\\\"/\u2028";
    assertThat(
            new String(
                CanonicalJson.bytes(new ObjectMapper().valueToTree(text)), StandardCharsets.UTF_8))
        .isEqualTo("\"\u20ac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\u2028\"");
  }

  @Test
  void anotherSpellingOfTheSameManifestIsRefused() {
    String json =
        new String(manifest("m.safetensors", Map.of()).canonicalJson(), StandardCharsets.UTF_8);
    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(() -> Manifest.parse((json + " ").getBytes(StandardCharsets.UTF_8)))
        .withMessageContaining("not in canonical JSON");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"schema_version\":2 | \"schema_version\":0 | schema_version is 0",
        "\"schema_version\":2 | \"schema_version\":2,\"secret\":1 | secret",
        "\"layers\":1 | \"layers\":1,\"secret\":1 | secret",
        "\"base\":\"tiny\", | `` | base",
        "\"kind\":\"FULL\" | \"kind\":\"HALF\" | HALF",
        "model.safetensors | ../../etc/passwd | '../../etc/passwd' is not allowed",
        "\"base\":\"tiny\" | \"base\":\"a/b\" | base name 'a/b' is not allowed"
      })
  void aBadManifestIsRefusedWithASentence(String from, String to, String sentence) {
    String json =
        new String(manifest("model.safetensors", Map.of()).canonicalJson(), StandardCharsets.UTF_8);
    assertThat(json).contains(from);
    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(() -> Manifest.parse(json.replace(from, to).getBytes(StandardCharsets.UTF_8)))
        .withMessageContaining(sentence);
  }

  @Test
  void aManifestOfTheFirstLayoutReadsAsItWasWritten() throws StoreException {
    String json =
        "{\"architecture\":{\"dtype\":\"F32\",\"family\":\"llada\",\"ffn\":16,\"heads\":2,"
            + "\"hidden\":8,\"kv_heads\":2,\"layers\":1,\"max_len\":64,\"param_count\":1234,"
            + "\"rope_theta\":500000,\"tie_embeddings\":false,\"vocab\":10},\"attributions\":[],"
            + "\"base\":\"tiny\",\"diffusion\":{\"eos_id\":7,\"mask_token_id\":9,"
            + "\"right_shift\":false,\"schedule\":\"linear\"},\"files\":[{\"media_type\":\"a/b\","
            + "\"path\":\"m.safetensors\",\"role\":\"WEIGHTS\",\"sha256\":\""
            + HEX
            + "\",\"size\":3}],\"kind\":\"FULL\",\"licence\":\"MIT\",\"metrics\":{},\"model\":"
            + "\"tiny\",\"schema_version\":1,\"tokenizer_digest\":\"sha256:"
            + HEX
            + "\"}";
    Manifest read = Manifest.parse(json.getBytes(StandardCharsets.UTF_8));
    assertThat(read.architecture().norm()).isNull();
    assertThat(read.compat()).isNull();
    assertThat(new String(read.canonicalJson(), StandardCharsets.UTF_8)).isEqualTo(json);
  }

  private static String newer(int minSchema) {
    return new String(manifest("m.safetensors", Map.of()).canonicalJson(), StandardCharsets.UTF_8)
        .replace("\"min_schema\":2", "\"min_schema\":" + minSchema)
        .replace("\"layers\":1", "\"layers\":1,\"layers_skipped\":[]")
        .replace("\"schema_version\":2", "\"schema_version\":9");
  }

  @Test
  void aNewerManifestThatThisBuildMayReadKeepsItsUnknownFieldsAndItsDigest() throws StoreException {
    byte[] json = newer(2).getBytes(StandardCharsets.UTF_8);
    Manifest read = Manifest.parse(json);
    assertThat(read.architecture().layers()).isEqualTo(1);
    assertThat(read.digest()).isEqualTo(Digest.of(json));
  }

  @Test
  void aNewerManifestThatNeedsANewerReaderIsRefusedWithTheNumbers() {
    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(() -> Manifest.parse(newer(3).getBytes(StandardCharsets.UTF_8)))
        .withMessage(
            "the manifest has schema_version 9 and needs a reader of at least 3; this build reads"
                + " up to 2, a newer one is needed");
    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(() ->
            Manifest.parse(
                newer(2).replace("\"min_schema\":2,", "").getBytes(StandardCharsets.UTF_8)))
        .withMessageContaining("does not say in compat.min_schema");
    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(() ->
            Manifest.parse(newer(2).replace(",\"ffn", ", \"ffn").getBytes(StandardCharsets.UTF_8)))
        .withMessageContaining("not in canonical JSON");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/abs", "..", "a/../b", "a//b", ".hidden", "a\\b", "", "a/", "ä"})
  void aPathThatCouldLeaveItsFolderIsRefused(String path) {
    assertThatExceptionOfType(IllegalArgumentException.class)
        .isThrownBy(() -> manifest(path, Map.of()))
        .withMessageContaining("is not allowed");
  }

  @Test
  void aMetricThatIsNoNumberIsRefused() {
    assertThatExceptionOfType(IllegalArgumentException.class)
        .isThrownBy(() -> manifest("m.safetensors", Map.of("nll", Double.NaN)))
        .withMessage("metric 'nll' is NaN");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "sha256:", "sha256:12", "md5:00", "SHA256:00"})
  void aDigestInAnotherFormIsRefused(String text) {
    assertThatExceptionOfType(IllegalArgumentException.class)
        .isThrownBy(() -> Digest.parse(text))
        .withMessageContaining("64");
  }
}
