package dev.unmask.cli.generate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.unmask.cli.FakeGateway;
import dev.unmask.cli.TestSession;
import dev.unmask.v1.Cache;
import dev.unmask.v1.DiffusionParams;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.Preset;
import dev.unmask.v1.Remasking;
import dev.unmask.v1.ScoreRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GenerateCommandTest {

  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path home;
  private FakeGateway gateway;

  @BeforeEach
  void start() throws IOException {
    gateway = FakeGateway.start();
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  @Test
  void aSchemaIsReadFromItsFile() throws IOException {
    Path schema = Files.writeString(home.resolve("s.json"), "{\"type\": \"null\"}");

    assertThat(session("").run("generate", "--json-schema", schema.toString(), "Well?")).isZero();

    assertThat(gateway.asked().getFirst().getStructured().getJsonSchema())
        .isEqualTo("{\"type\": \"null\"}");
    TestSession cli = session("");
    assertThat(cli.run("generate", "--json-schema", home + "/none", "Well?")).isEqualTo(2);
    assertThat(cli.err()).contains("--json-schema " + home + "/none cannot be read");
  }

  @Test
  void theKeyOfTheEnvironmentGoesWithTheCall() {
    TestSession cli =
        new TestSession(
            home, Map.of("UNMASK_ENDPOINT", gateway.address(), "UNMASK_API_KEY", "a-key"), "");
    assertThat(cli.run("generate", "Well?")).isZero();
    assertThat(session("").run("generate", "Well?")).isZero();
    assertThat(gateway.keys()).containsExactly("Bearer a-key", "null");
  }

  @Test
  void theAnswerGoesToStandardOutputAndTheFiguresBeside() {
    TestSession cli = session("");

    assertThat(cli.run("generate", "What is the capital of France?")).isZero();

    assertThat(cli.out()).isEqualTo("Paris.\n");
    assertThat(cli.err()).contains("2 tokens", "2 steps", "stop", "tiny sha256:abab");
    GenerateRequest asked = gateway.asked().getFirst();
    assertThat(asked.getMessages().getMessagesList())
        .singleElement()
        .satisfies(message -> {
          assertThat(message.getRole()).isEqualTo("user");
          assertThat(message.getContent()).isEqualTo("What is the capital of France?");
        });
    assertThat(asked.hasDiffusion()).isFalse();
    assertThat(asked.hasSampling()).isFalse();
  }

  @Test
  void everyOptionReachesTheRequest() {
    TestSession cli = session("");

    assertThat(
            cli.run(
                "generate",
                "--model",
                "tiny@default",
                "--steps",
                "8",
                "--gen-length",
                "32",
                "--block-length",
                "16",
                "--remasking",
                "random",
                "--cfg-scale",
                "1.5",
                "--temperature",
                "0.7",
                "--seed",
                "42",
                "--deadline",
                "2.5",
                "--system",
                "Be brief.",
                "hi"))
        .isZero();

    GenerateRequest asked = gateway.asked().getFirst();
    assertThat(asked.getModel()).isEqualTo("tiny@default");
    assertThat(asked.getDiffusion().getSteps()).isEqualTo(8);
    assertThat(asked.getDiffusion().getGenLength()).isEqualTo(32);
    assertThat(asked.getDiffusion().getBlockLength()).isEqualTo(16);
    assertThat(asked.getDiffusion().getRemasking()).isEqualTo(Remasking.REMASKING_RANDOM);
    assertThat(asked.getDiffusion().getCfgScale()).isEqualTo(1.5);
    assertThat(asked.getDiffusion().hasConfidenceThreshold()).isFalse();
    assertThat(asked.getSampling().getTemperature()).isEqualTo(0.7);
    assertThat(asked.getSampling().getSeed()).isEqualTo(42);
    assertThat(asked.getDeadlineMs()).isEqualTo(2500);
    assertThat(asked.getMessages().getMessages(0).getRole()).isEqualTo("system");
  }

  @Test
  void presetsCachesAndStopStringsReachTheRequest() {
    assertThat(
            session("")
                .run(
                    "generate",
                    "--preset",
                    "fast",
                    "--cache",
                    "prefix",
                    "--cache-refresh",
                    "4",
                    "--factor",
                    "1.5",
                    "--lookahead",
                    "0",
                    "--stop",
                    "END",
                    "--stop",
                    "\n",
                    "hi"))
        .isZero();

    GenerateRequest asked = gateway.asked().getFirst();
    assertThat(asked.getDiffusion())
        .isEqualTo(
            DiffusionParams.newBuilder()
                .setPreset(Preset.PRESET_FAST)
                .setCache(Cache.CACHE_PREFIX)
                .setCacheRefresh(4)
                .setConfidenceFactor(1.5)
                .setLookaheadBlocks(0)
                .build());
    assertThat(asked.getSampling().getStopList()).containsExactly("END", "\n");
  }

  @Test
  void aPresetThatIsNoneIsNamedWithThoseThereAre() {
    TestSession cli = session("");

    assertThat(cli.run("generate", "--preset", "cheap", "hi")).isEqualTo(2);

    assertThat(cli.err()).contains("--preset", "cheap").containsIgnoringCase("balanced");
  }

  @Test
  void aScoreShowsBoundErrorAndContributions() {
    TestSession cli = session("");

    assertThat(
            cli.run("score", "--samples", "32", "--seed", "5", "--per-token", "France:", " Paris"))
        .isZero();

    assertThat(cli.out())
        .contains("-6.2500 ± 0.5000 nats", "2 tokens", "22.76", "-2.2500", "\"ris\"");
    ScoreRequest asked = gateway.scored().getFirst();
    assertThat(asked.getContext().getText()).isEqualTo("France:");
    assertThat(asked.getContinuation().getText()).isEqualTo(" Paris");
    assertThat(asked.getSamples()).isEqualTo(32);
    assertThat(asked.getSeed()).isEqualTo(5);
    assertThat(asked.hasBatch()).isFalse();
  }

  @Test
  void aScoreAsJsonHasWhatScriptsRead() throws IOException {
    TestSession cli = session("");

    assertThat(cli.run("--json", "score", "", "To be")).isZero();

    JsonNode score = JSON.readTree(cli.out());
    assertThat(score.get("log_likelihood").asDouble()).isEqualTo(-6.25);
    assertThat(score.get("standard_error").asDouble()).isEqualTo(0.5);
    assertThat(score.get("model_digest").asText()).isEqualTo(FakeGateway.DIGEST);
    assertThat(gateway.scored().getFirst().hasContext()).isFalse();
  }

  @Test
  void aZeroThatWasGivenIsSent() {
    assertThat(session("").run("generate", "--temperature", "0", "--cfg-scale", "0", "hi"))
        .isZero();

    assertThat(gateway.asked().getFirst().getSampling().hasTemperature()).isTrue();
    assertThat(gateway.asked().getFirst().getDiffusion().hasCfgScale()).isTrue();
  }

  @Test
  void rawTakesStandardInputWithoutItsLastLineBreak() {
    TestSession cli = session("2 + 3 =\n");

    assertThat(cli.run("generate", "--raw", "--threshold", "0.9", "-")).isZero();

    GenerateRequest asked = gateway.asked().getFirst();
    assertThat(asked.getPrompt()).isEqualTo("2 + 3 =");
    assertThat(asked.getDiffusion().getConfidenceThreshold()).isEqualTo(0.9);
  }

  @Test
  void jsonHasTheFieldsThatScriptsRead() throws IOException {
    TestSession cli = session("");

    assertThat(cli.run("--json", "generate", "hi")).isZero();

    JsonNode answer = JSON.readTree(cli.out());
    assertThat(List.copyOf(answer.properties().stream().map(Map.Entry::getKey).toList()))
        .contains("text", "finish_reason", "usage", "timing", "model_digest", "request_id", "seed");
    assertThat(answer.get("text").asText()).isEqualTo("Paris.");
    assertThat(answer.get("finish_reason").asText()).isEqualTo("stop");
    assertThat(answer.get("usage").get("completion_tokens").asInt()).isEqualTo(2);
    assertThat(answer.get("model_digest").asText()).isEqualTo(FakeGateway.DIGEST);
    assertThat(cli.out()).hasLineCount(1);
    assertThat(cli.err()).isEmpty();
  }

  @Test
  void watchPrintsALineAStepWhereNobodyCanSeeADrawing() {
    TestSession cli = session("");

    assertThat(cli.run("generate", "--watch", "hi")).isZero();

    assertThat(cli.out().lines())
        .containsExactly(
            "canvas of 4 slots in blocks of 4, weights " + FakeGateway.DIGEST,
            "step 1 block 0: 1=\".\"(0.50) · 3 masked",
            "step 2 block 0: 0=\"Paris\"(0.50) · 2 masked",
            "Paris.");
  }

  @Test
  void watchAsJsonIsOneEventALineAndTheAnswerLast() throws IOException {
    TestSession cli = session("");

    assertThat(cli.run("generate", "--watch", "--json", "hi")).isZero();

    List<String> lines = cli.out().lines().toList();
    assertThat(lines).hasSize(4);
    assertThat(JSON.readTree(lines.get(1)).get("step").get("commits").get(0).get("text").asText())
        .isEqualTo(".");
    assertThat(JSON.readTree(lines.getLast()).get("text").asText()).isEqualTo("Paris.");
  }

  private TestSession session(String input) {
    return new TestSession(home, Map.of("UNMASK_ENDPOINT", gateway.address()), input);
  }
}
