package dev.unmask.sampler.structure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.InputFormat;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.engine.DenoisingEngine;
import dev.unmask.model.engine.EngineOptions;
import dev.unmask.model.engine.GenerationFuture;
import dev.unmask.model.engine.GenerationTask;
import dev.unmask.model.safetensors.ElementType;
import dev.unmask.model.sampling.Caching;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.model.sampling.Remasking;
import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.model.transformer.Precision;
import dev.unmask.model.transformer.RandomModel;
import dev.unmask.testkit.TinyModel;
import dev.unmask.text.LladaTokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a model with random weights writes into a layout is valid against the schema. */
@Timeout(240)
class JsonLayoutTest {

  private static final Path MINI = Path.of("../models/unmask-mini");

  @TempDir static Path folder;

  /** A vocabulary of words and pieces, and one of bytes. */
  private static LladaTokenizer words;

  private static LoadedModel ofWords;
  private static LladaTokenizer bytes;
  private static LoadedModel ofBytes;

  @BeforeAll
  static void load() throws Exception {
    words = LladaTokenizer.load(MINI);
    ModelConfig shape =
        ModelConfig.shape()
            .width(32)
            .layers(2)
            .heads(4)
            .kvHeads(2)
            .mlpWidth(64)
            .vocabularySize(4096)
            .embeddingSize(4096)
            .ropeTheta(10_000)
            .contextLength(2048)
            .tokens(4092, 4091, 4095)
            .build();
    Path random = Files.createDirectory(folder.resolve("words"));
    RandomModel.write(random, shape, ElementType.F32, 2, 3);
    ofWords = LoadedModel.load(random, Precision.F32);
    Path tiny = Files.createDirectory(folder.resolve("bytes"));
    TinyModel.small().write(tiny);
    bytes = LladaTokenizer.load(tiny);
    ofBytes = LoadedModel.load(tiny, Precision.F32);
  }

  @AfterAll
  static void close() {
    ofWords.close();
    ofBytes.close();
    words.close();
    bytes.close();
  }

  private static GenerationSettings settings(int slots, Random random) {
    int block = random.nextBoolean() ? slots : 1 + random.nextInt(slots);
    while (slots % block != 0) {
      block--;
    }
    GenerationSettings.Builder settings =
        GenerationSettings.builder(slots, block)
            .temperature(random.nextBoolean() ? 0 : 2 * random.nextDouble())
            .cfgScale(random.nextInt(4) == 0 ? 1 : 0)
            .remasking(random.nextInt(3) == 0 ? Remasking.RANDOM : Remasking.LOW_CONFIDENCE)
            .caching(
                switch (random.nextInt(3)) {
                  case 0 -> Caching.NONE;
                  case 1 -> Caching.prefix(0);
                  default -> Caching.dual(2);
                })
            .seed(random.nextLong());
    var chosen =
        switch (random.nextInt(4)) {
          case 0 -> settings.steps(slots / block);
          case 1 -> settings.remasking(Remasking.LOW_CONFIDENCE).threshold(random.nextDouble() / 4);
          case 2 -> settings.remasking(Remasking.LOW_CONFIDENCE).factor(2);
          default -> settings.steps(slots / block * Math.min(block, 4));
        };
    return chosen.build();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void everyAnswerParsesAndIsValid(boolean piecesOfWords) throws Exception {
    LladaTokenizer tokenizer = piecesOfWords ? words : bytes;
    LoadedModel model = piecesOfWords ? ofWords : ofBytes;
    Random random = new Random(piecesOfWords ? 1 : 2);
    RandomSchemas schemas = new RandomSchemas(random);
    List<String> asked = new ArrayList<>();
    List<JsonLayout> layouts = new ArrayList<>();
    List<GenerationFuture> answers = new ArrayList<>();
    try (DenoisingEngine engine = new DenoisingEngine(EngineOptions.defaults())) {
      while (asked.size() < 150) {
        String schema = schemas.next();
        JsonLayout layout = JsonLayout.of(schema, "", tokenizer, random.nextInt(3) * 8, 1900);
        GenerationFuture answer = new GenerationFuture();
        var unused =
            engine.submit(
                model,
                GenerationTask.infill(
                        "a" + asked.size(),
                        layout.row(new int[] {65, 66, 67}),
                        settings(layout.slots(), random))
                    .within(layout.rules()),
                answer);
        asked.add(schema);
        layouts.add(layout);
        answers.add(answer);
      }
      for (int i = 0; i < asked.size(); i++) {
        int[] canvas = answers.get(i).get(120, TimeUnit.SECONDS).canvasIds();
        valid(asked.get(i), layouts.get(i).text(canvas));
      }
    }
  }

  private static void valid(String schema, String answer) throws Exception {
    assertThat(new ObjectMapper().readTree(answer).isMissingNode()).as(answer).isFalse();
    assertThat(
            JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012)
                .getSchema(schema)
                .validate(answer, InputFormat.JSON))
        .as("%s against %s", answer, schema)
        .isEmpty();
  }

  @Test
  void whatCannotBeElseStandsAndTheRestIsSlots() throws Exception {
    JsonLayout layout =
        JsonLayout.of(
            """
            {"type": "object", "properties": {
              "kind": {"const": "city"}, "name": {"type": "string", "maxLength": 4},
              "age": {"type": "integer", "minimum": 0, "maximum": 120}}}
            """,
            "",
            words,
            0,
            200);

    assertThat(words.decode(withoutMasks(layout.row(new int[0]))))
        .isEqualTo("{\"kind\":\"city\",\"name\":\",\"age\":}");
    assertThat(layout.slots()).as("four characters and a quote, three digits").isEqualTo(5 + 3);
    int[] canvas = IntStream.of('A', 'n', '"', 32, 4091, '4', '2', 4091).toArray();
    assertThat(layout.text(canvas)).isEqualTo("{\"kind\":\"city\",\"name\":\"An\",\"age\":42}");
  }

  private static int[] withoutMasks(int[] row) {
    return IntStream.of(row).filter(id -> id != words.special().mask()).toArray();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          1.50 | 1.5
          -0.1 | -0.1
          10   | 10
          """)
  void numbersAreCanonical(String written, String told) throws Exception {
    JsonLayout layout = JsonLayout.of("{\"type\": \"number\"}", "", bytes, 0, 50);
    int[] canvas = new int[layout.slots()];
    Arrays.fill(canvas, TinyModel.EOS);
    for (int i = 0; i < written.length(); i++) {
      canvas[i] = written.charAt(i);
    }
    assertThat(layout.text(canvas)).isEqualTo(told);
  }

  @Test
  void nothingToDecideIsACanvasOfOneSlot() throws Exception {
    JsonLayout layout = JsonLayout.of("{\"type\": \"object\"}", "", words, 0, 10);
    assertThat(layout.slots()).isEqualTo(1);
    assertThat(layout.text(new int[] {words.special().eos()})).isEqualTo("{}");
  }

  @Test
  void aLayoutThatIsTooLongIsRefusedWithTheNumbers() {
    String schema =
        "{\"type\":\"array\",\"maxItems\":9,\"items\":{\"type\":\"string\",\"maxLength\":30}}";
    assertThatThrownBy(() -> JsonLayout.of(schema, "", words, 0, 100))
        .isInstanceOf(UnfitSchemaException.class)
        .hasMessageMatching(".*takes 29\\d tokens, and 100 are left.*");
    assertThatThrownBy(() ->
            JsonLayout.of("{\"type\":\"string\",\"minLength\":2000000000}", "", words, 0, 100))
        .hasMessageContaining("takes 2000000003 tokens");
  }
}
