package dev.unmask.model.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.model.engine.EngineException.Reason;
import dev.unmask.model.engine.GenerationResult.FinishReason;
import dev.unmask.model.sampling.Caching;
import dev.unmask.model.sampling.Draws;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.model.transformer.LoadedModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Masked spans between fixed text, and answers that something else than EOS ends. */
@Timeout(120)
class InfillTest {

  private static final int MASK = TinyModels.SHAPE.tokens().mask();

  @TempDir static Path folder;
  private static LoadedModel model;

  @BeforeAll
  static void load() throws Exception {
    model = TinyModels.random(folder);
  }

  @AfterAll
  static void close() {
    model.close();
  }

  static List<GenerationSettings> settings() {
    return List.of(
        GenerationSettings.builder(12, 12).build(),
        GenerationSettings.builder(12, 4).threshold(0.3).build(),
        GenerationSettings.builder(12, 6).caching(Caching.prefix(0)).cfgScale(1).build(),
        GenerationSettings.builder(12, 3).caching(Caching.dual(0)).temperature(1).build());
  }

  @ParameterizedTest
  @MethodSource("settings")
  void fillsEveryGapAndLeavesTheTextAlone(GenerationSettings settings) throws Exception {
    int[] row = gaps();
    Listening listening = new Listening();
    try (DenoisingEngine engine = new DenoisingEngine(EngineOptions.defaults())) {
      engine.submit(model, GenerationTask.infill("gaps", row, settings), listening);
      GenerationResult result = listening.result();

      assertThat(result.canvasIds()).hasSize(12).doesNotContain(MASK);
      assertThat(result.answerIds()).containsExactly(result.canvasIds());
      assertThat(result.finish()).isEqualTo(FinishReason.LENGTH);
      CanvasRun alone =
          SimpleLoop.finish(
              model,
              new CanvasRun(row, settings, model.config(), new Draws.Seeded(settings.seed())));
      assertThat(result.canvasIds()).containsExactly(alone.canvas());
      int[] filled = alone.row();
      for (int position = 0; position < row.length; position++) {
        if (row[position] != MASK) {
          assertThat(filled[position]).isEqualTo(row[position]);
        }
      }
    }
  }

  @Test
  void blocksAreCountedOverTheMaskedSlots() {
    List<Integer> blocks = new ArrayList<>();
    CanvasRun run =
        new CanvasRun(
            gaps(), GenerationSettings.builder(12, 4).build(), model.config(), new Draws.Seeded(1));
    try (PackedStep step = new PackedStep(model)) {
      while (!run.finished()) {
        for (SlotCommit commit : step.step(List.of(run)).results().get(0).get(0).commits()) {
          blocks.add(commit.slot() / 4);
        }
      }
    }

    assertThat(blocks).hasSize(12).isSorted();
  }

  @Test
  void aCanvasBehindAPromptIsAnInfillToo() {
    int[] prompt = TinyModels.prompt(8, 2);
    int[] row = Arrays.copyOf(prompt, 24);
    Arrays.fill(row, 8, 24, MASK);
    GenerationSettings settings = GenerationSettings.builder(16, 8).temperature(0.7).build();
    Draws draws = new Draws.Seeded(3);

    assertThat(
            SimpleLoop.finish(model, new CanvasRun(row, settings, model.config(), draws)).canvas())
        .containsExactly(SimpleLoop.run(model, prompt, settings, draws).canvas());
  }

  @Test
  void refusesWhatDoesNotFit() throws Exception {
    assertThat(refusal(GenerationTask.infill("x", gaps(), settings(8).build())))
        .isEqualTo(
            "the text has 12 masked slots and the canvas length is 8; they must be the same");
    assertThat(refusal(GenerationTask.infill("x", gaps(), settings(12).lookaheadBlocks(1).build())))
        .isEqualTo(
            "a lookahead leaves out what stands behind the next blocks, but here fixed text does;"
                + " leave the lookahead out");
    assertThat(refusal(GenerationTask.infill("x", gaps(), settings(12).build()).until(ids -> true)))
        .isEqualTo(
            "stop strings end an answer, but here fixed text stands behind a masked span; leave"
                + " them out");
  }

  @Test
  void anAnswerEndsBetweenStepsWhenItsEndIsCommitted() throws Exception {
    List<Integer> lengths = new ArrayList<>();
    GenerationSettings settings = GenerationSettings.builder(32, 4).build();
    Listening ended = new Listening();
    Listening whole = new Listening();
    Listening broken = new Listening();
    try (DenoisingEngine engine = new DenoisingEngine(EngineOptions.defaults())) {
      GenerationTask task = new GenerationTask("ended", TinyModels.prompt(5, 6), settings);
      engine.submit(
          model,
          task.until(ids -> {
            lengths.add(ids.length);
            return ids.length >= 9;
          }),
          ended);
      engine.submit(model, task, whole);
      engine.submit(
          model,
          task.until(ids -> {
            throw new IllegalStateException("no tokenizer");
          }),
          broken);

      GenerationResult early = ended.result();
      int[] full = whole.result().canvasIds();
      assertThat(early.finish()).isEqualTo(FinishReason.STOP);
      assertThat(early.answerIds().length).isBetween(9, 12);
      assertThat(early.answerIds()).containsExactly(Arrays.copyOf(full, early.answerIds().length));
      assertThat(early.steps()).isLessThan(whole.result().steps());
      assertThat(lengths).isSorted().doesNotHaveDuplicates();
      assertThat(broken.failure().reason()).isEqualTo(Reason.INTERNAL);
      assertThat(broken.failure()).hasMessageContaining("no tokenizer");
    }
  }

  private static GenerationSettings.Builder settings(int genLength) {
    return GenerationSettings.builder(genLength, 4);
  }

  private static String refusal(GenerationTask task) throws Exception {
    Listening listening = new Listening();
    try (DenoisingEngine engine = new DenoisingEngine(EngineOptions.defaults())) {
      engine.submit(model, task, listening);
      EngineException failure = listening.failure();
      assertThat(failure.reason()).isEqualTo(Reason.INVALID_TASK);
      return String.valueOf(failure.getMessage());
    }
  }

  /** Three spans of 5, 1 and 6 masks; the first begins the row, text ends it. */
  private static int[] gaps() {
    int[] row = TinyModels.prompt(30, 8);
    Arrays.fill(row, 0, 5, MASK);
    row[11] = MASK;
    Arrays.fill(row, 20, 26, MASK);
    return row;
  }
}
