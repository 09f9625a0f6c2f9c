package dev.unmask.sft.preview;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.unmask.testkit.TinyModel;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PreviewMainTest {

  private static final String TWO_TURNS =
      """
      {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello!"}, {"role": "user", "content": "Bye"}, {"role": "assistant", "content": "See you\\u0007."}]}
      """;

  @TempDir Path folder;
  private Path model = Path.of("");

  private record Outcome(int code, String out, String err) {}

  @BeforeEach
  void writeModel() throws Exception {
    model = TinyModel.small().write(folder.resolve("model"));
  }

  @Test
  void showsADialogueOnceWithItsLearnedTurnsInBrackets() throws Exception {
    Outcome shown = preview(TWO_TURNS);

    assertThat(shown.code()).as(shown.err()).isZero();
    assertThat(shown.out())
        .contains("rows.jsonl: format messages, 1 rows used, 0 rejected, 0 shortened")
        .contains("row 1, 2 samples")
        .contains("⟦Hello!<|eot_id|>⟧")
        .contains("⟦See you\uFFFD.<|eot_id|>⟧")
        .containsOnlyOnce("Hello!")
        .contains("EOS padding is");
    assertThat(preview(TWO_TURNS, "--colour").out())
        .contains("\u001b[1;32mHello!<|eot_id|>\u001b[0m")
        .doesNotContain("⟦");
  }

  @Test
  void jsonHasCountsLengthsAndSegments() throws Exception {
    StringBuilder file = new StringBuilder("{\"messages\": 5}\n");
    for (int i = 1; i <= 40; i++) {
      file.append(
          "{\"messages\": [{\"role\": \"user\", \"content\": \"q\"}, {\"role\": \"assistant\","
              + " \"content\": \"%s\"}]}\n".formatted("a".repeat(i)));
    }
    Outcome outcome = preview(file.toString(), "--json", "--rows", "2");
    assertThat(outcome.code()).isZero();
    JsonNode shown = new ObjectMapper().readTree(outcome.out());

    assertThat(shown.path("rows_used").asInt()).isEqualTo(40);
    assertThat(shown.path("reasons").path("MESSAGES_MISSING").asInt()).isEqualTo(1);
    assertThat(shown.path("first_rejections").get(0).path("line").asInt()).isEqualTo(1);
    assertThat(shown.path("eos_share").asDouble()).isBetween(0.01, 0.99);
    assertThat(shown.path("accepted").asBoolean()).isTrue();
    JsonNode lengths = shown.path("lengths");
    long counted = 0;
    for (JsonNode bin : lengths.path("histogram")) {
      counted += bin.path("count").asLong();
    }
    assertThat(counted).isEqualTo(40);
    assertThat(lengths.path("longest").asInt() - lengths.path("shortest").asInt()).isEqualTo(39);
    assertThat(lengths.path("median").asInt() - lengths.path("shortest").asInt()).isEqualTo(19);
    assertThat(shown.path("rows")).hasSize(2);
    JsonNode segments = shown.path("rows").get(0).path("segments");
    assertThat(segments).hasSize(2);
    assertThat(segments.get(0).path("trained").asBoolean()).isFalse();
    assertThat(segments.get(1).path("text").asText()).isEqualTo("a<|eot_id|>");
    assertThat(shown.path("megabytes_per_second").asDouble()).isPositive();
  }

  @Test
  void aDatasetThatAJobWouldRefuseIsAFailureWithTheJobsSentence() throws Exception {
    Outcome wrong = preview("{\"q\": \"a\"}\n");
    assertThat(wrong.code()).isEqualTo(1);
    assertThat(wrong.out())
        .contains("A job would refuse this dataset.")
        .contains("keys are q")
        .contains("FORMAT_UNKNOWN");
    Outcome missing = run("--model", model.toString(), folder.resolve("none").toString());
    assertThat(missing.code()).isEqualTo(2);
    assertThat(missing.err()).contains("there is no file");
    assertThat(preview(TWO_TURNS, "--format", "xml").err())
        .contains("there is no format xml")
        .contains("sharegpt");
  }

  private Outcome preview(String content, String... options) throws Exception {
    Path file = Files.writeString(folder.resolve("rows.jsonl"), content);
    List<String> args = new ArrayList<>(List.of("--model", model.toString()));
    args.addAll(List.of(options));
    args.add(file.toString());
    return run(args.toArray(String[]::new));
  }

  private static Outcome run(String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int code =
        PreviewMain.run(
            args,
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8));
    return new Outcome(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }
}
