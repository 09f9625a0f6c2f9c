package dev.unmask.model.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import dev.unmask.model.config.SpecialTokens;
import dev.unmask.model.sampling.Caching;
import dev.unmask.model.sampling.CommitRule;
import dev.unmask.model.sampling.Decoding;
import dev.unmask.model.sampling.Draws;
import dev.unmask.model.sampling.DreamAlgorithm;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.model.sampling.Remasking;
import dev.unmask.model.sampling.TokenChooser;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.model.transformer.MaskPredictor;
import dev.unmask.model.transformer.PackedBatch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Identities between settings that hold for any model, numbered as in docs/properties.md. Those not
 * here stand in the tests that the page names.
 */
class SamplerPropertiesTest {

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

  @Test
  @DisplayName("8.3-1 quotas add up, differ by at most one and never grow")
  void quotas() {
    for (int slots = 1; slots <= 40; slots++) {
      for (int steps = 1; steps <= 45; steps++) {
        CommitRule.Quotas rule = new CommitRule.Quotas(slots, steps);
        int[] quotas = IntStream.range(0, steps).map(rule::quota).toArray();
        assertThat(IntStream.of(quotas).sum()).isEqualTo(slots);
        assertThat(quotas[0] - quotas[steps - 1]).isBetween(0, 1);
        for (int i = 1; i < steps; i++) {
          assertThat(quotas[i]).isLessThanOrEqualTo(quotas[i - 1]);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("everyKind")
  @DisplayName("8.3-2 what stands never changes, masks decrease, none is left")
  void monotone(GenerationSettings settings) {
    int mask = model.config().tokens().mask();
    try (CanvasRun run = canvas(settings);
        PackedStep step = new PackedStep(model)) {
      int[] before = run.row();
      while (!run.finished()) {
        step.step(List.of(run));
        int[] after = run.row();
        int changed = 0;
        for (int i = 0; i < after.length; i++) {
          if (after[i] != before[i]) {
            assertThat(before[i]).isEqualTo(mask);
            changed++;
          }
        }
        assertThat(changed).isPositive();
        before = after;
      }
      assertThat(before).doesNotContain(mask);
      assertThat(Arrays.copyOf(before, prompt().length)).containsExactly(prompt());
    }
  }

  @Test
  @DisplayName("8.3-3 one block is pure diffusion")
  void pureDiffusion() {
    for (int steps : new int[] {1, 7, 24, 30}) {
      assertThat(finish(settings(24, 24).steps(steps)).canvas())
          .as("%d steps", steps)
          .containsExactly(new Reference(model).pureDiffusion(prompt(), 24, steps));
    }
  }

  @ParameterizedTest
  @MethodSource("ofOneSlot")
  @DisplayName("8.3-4 blocks of one go left to right, whatever the order")
  void leftToRight(GenerationSettings settings) {
    List<Integer> order = new ArrayList<>();
    try (CanvasRun run = canvas(settings);
        PackedStep step = new PackedStep(model)) {
      while (!run.finished()) {
        step.step(List.of(run)).results().get(0).get(0).commits().forEach(c -> order.add(c.slot()));
      }
    }

    assertThat(order).isSorted().hasSize(12);
  }

  static Stream<GenerationSettings> ofOneSlot() {
    return Stream.of(
            settings(12, 1).steps(12),
            settings(12, 1).steps(12).remasking(Remasking.RANDOM),
            settings(12, 1).threshold(0.9),
            settings(12, 1).factor(1),
            settings(12, 1).decoding(new Decoding.EntropyBound(1)),
            settings(12, 1).decoding(new Decoding.Dream(12, DreamAlgorithm.ORIGIN, 0)),
            settings(12, 1).decoding(new Decoding.Dream(12, DreamAlgorithm.ENTROPY, 1)))
        .map(GenerationSettings.Builder::build);
  }

  @Test
  @DisplayName("8.3-5 a threshold that nothing reaches is one commit a step")
  void highThreshold() {
    CanvasRun threshold = finish(settings(24, 24).threshold(1));

    assertThat(threshold.canvas()).containsExactly(finish(settings(24, 24)).canvas());
    assertThat(threshold.steps()).isEqualTo(24);
  }

  @Test
  @DisplayName("8.3-6 a threshold that all reach is one step a block")
  void lowThreshold() {
    assertThat(finish(settings(24, 6).threshold(0)).steps()).isEqualTo(4);
  }

  @Test
  @DisplayName("8.3-7 a lower threshold takes fewer steps, on average over prompts")
  void fewerStepsOnAverage() {
    int[] steps = new int[5];
    double[] thresholds = {0, 0.15, 0.3, 0.6, 1};
    for (int i = 0; i < steps.length; i++) {
      for (int seed = 0; seed < 5; seed++) {
        GenerationSettings settings = settings(24, 12).threshold(thresholds[i]).build();
        steps[i] += finish(settings, TinyModels.prompt(4 + seed, seed)).steps();
      }
    }

    assertThat(steps).isSorted();
    assertThat(steps[0]).isLessThan(steps[4]);
  }

  @Test
  @DisplayName("8.3-8 a factor near 0 is one commit a step, an entropy bound below all too")
  void tinyFactor() {
    int[] one = finish(settings(24, 12)).canvas();
    CanvasRun factor = finish(settings(24, 12).factor(1e-9));

    assertThat(factor.steps()).isEqualTo(24);
    assertThat(factor.canvas()).containsExactly(one);
    assertThat(finish(settings(24, 12).decoding(new Decoding.EntropyBound(0))).steps())
        .isEqualTo(24);
  }

  @ParameterizedTest
  @MethodSource("kinds")
  @DisplayName("8.3-9 a cache refreshed every pass is no cache")
  void refreshedCaches(Caching.Kind kind) {
    List<GenerationSettings.Builder> all =
        List.of(
            settings(24, 8),
            settings(24, 8).threshold(0.3),
            settings(24, 8).cfgScale(1.2).temperature(0.7),
            settings(24, 8).steps(6).remasking(Remasking.RANDOM));
    for (GenerationSettings.Builder builder : all) {
      int[] without = finish(builder).canvas();
      assertThat(finish(builder.caching(new Caching(kind, 1))).canvas()).containsExactly(without);
    }
  }

  static Stream<Caching.Kind> kinds() {
    return Stream.of(Caching.Kind.PREFIX, Caching.Kind.DUAL);
  }

  @Test
  @DisplayName("8.3-9 one block and no prompt: a prefix cache holds nothing, so it is no cache")
  void emptyPrefix() {
    int[] without = finish(settings(24, 24).steps(12).build(), new int[0]).canvas();
    for (int refresh = 0; refresh < 4; refresh++) {
      GenerationSettings cached =
          settings(24, 24).steps(12).caching(Caching.prefix(refresh)).build();
      assertThat(finish(cached, new int[0]).canvas()).containsExactly(without);
    }
  }

  @Test
  @DisplayName("8.3-10 no guidance, no second pass; equal passes make any guidance the same")
  void guidance() {
    int[] plain = finish(settings(16, 8).build(), new int[0]).canvas();

    // The unconditional copy masks the prompt; without one both passes are the same.
    assertThat(finish(settings(16, 8).cfgScale(2).build(), new int[0]).canvas())
        .containsExactly(plain);
    assertThat(sequences(settings(16, 8).build())).isEqualTo(1);
    assertThat(sequences(settings(16, 8).cfgScale(0.1).build())).isEqualTo(2);
  }

  /** Sequences that the first step forwards. */
  private static int sequences(GenerationSettings settings) {
    PackedBatch batch = new PackedBatch();
    try (CanvasRun run = canvas(settings)) {
      batch.add(run.segment(model, false));
      if (run.guided()) {
        batch.add(run.segment(model, true));
      }
    }
    return batch.sequences();
  }

  @Test
  @DisplayName("8.3-11 the same on other threads at the same time")
  void threads() throws Exception {
    int[] alone = finish(settings(32, 8)).canvas();
    try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
      List<Future<int[]>> answers = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        answers.add(threads.submit(() -> finish(settings(32, 8)).canvas()));
      }
      for (Future<int[]> answer : answers) {
        assertThat(answer.get()).containsExactly(alone);
      }
    }
  }

  @Test
  @DisplayName("8.3-13 a forbidden EOS is never written")
  void forbiddenEos() throws Exception {
    try (LoadedModel eosModel = TinyModels.withEos()) {
      int eos = eosModel.config().tokens().eos();
      int with = 0;
      for (int seed = 0; seed < 4; seed++) {
        int[] prompt = TinyModels.prompt(5 + seed, seed);
        GenerationSettings.Builder warm = settings(32, 8).temperature(seed % 2);
        with += run(eosModel, prompt, warm.build()).answerEnded() ? 1 : 0;
        assertThat(run(eosModel, prompt, warm.logitsEosInf(true).build()).canvas())
            .doesNotContain(eos);
      }
      assertThat(with).as("EOS comes up when it may").isPositive();
    }
  }

  @Test
  @DisplayName("8.3-13 a late EOS or EoT is committed only when no other prediction is left")
  void lateEos() throws Exception {
    try (LoadedModel eosModel = TinyModels.withEos();
        TokenChooser chooser = new TokenChooser(eosModel.config())) {
      SpecialTokens tokens = eosModel.config().tokens();
      int late = 0;
      for (int seed = 0; seed < 8; seed++) {
        GenerationSettings settings =
            settings(32, 16).steps(16).temperature(seed % 2).confidenceEosEotInf(true).build();
        CanvasRun run =
            CanvasRun.behind(
                TinyModels.prompt(5 + seed, seed),
                settings,
                eosModel.config(),
                new Draws.Seeded(seed));
        while (!run.finished()) {
          TokenChooser.Choices choices = choices(eosModel, chooser, run);
          int others =
              (int) IntStream.of(choices.tokens()).filter(id -> !tokens.endsAnswer(id)).count();
          StepResult step = run.commit(choices);
          long ends = step.commits().stream().filter(c -> tokens.endsAnswer(c.tokenId())).count();
          if (ends > 0) {
            late++;
            assertThat(step.commits().size() - (int) ends).isEqualTo(others);
          }
        }
      }
      assertThat(late).isPositive();
    }
  }

  private static TokenChooser.Choices choices(
      MaskPredictor predictor, TokenChooser chooser, CanvasRun run) {
    PackedBatch batch = new PackedBatch();
    batch.add(run.segment(predictor, false));
    try (NDManager manager = TorchRuntime.newManager()) {
      return chooser.choose(predictor.logits(manager, batch), List.of(run.request()));
    }
  }

  @Test
  @DisplayName("8.3-14 the head on the slots asked for is the full head's")
  void headOnAskedRows() {
    int[] row = TinyModels.prompt(40, 5);
    int columns = model.config().embeddingSize();
    float[] all = logits(row, IntStream.range(0, row.length).toArray());
    int[] asked = {3, 17, 18, 39};
    float[] some = logits(row, asked);
    for (int i = 0; i < asked.length; i++) {
      for (int column = 0; column < columns; column++) {
        assertThat(some[i * columns + column])
            .isCloseTo(
                all[asked[i] * columns + column], org.assertj.core.api.Assertions.within(2e-5f));
      }
    }
  }

  private static float[] logits(int[] row, int[] asked) {
    PackedBatch batch = new PackedBatch();
    batch.add(row, asked);
    try (NDManager manager = TorchRuntime.newManager()) {
      return model.logits(manager, batch).toFloatArray();
    }
  }

  @Test
  @DisplayName("8.3-15 stopping at the end gives the answer of the full run, whatever the settings")
  void earlyStop() throws Exception {
    int saved = 0;
    try (LoadedModel eosModel = TinyModels.withEos()) {
      for (GenerationSettings.Builder builder :
          List.of(
              settings(32, 8),
              settings(32, 16).steps(16).temperature(0.6),
              settings(32, 8).threshold(0.3).caching(Caching.dual(0)),
              settings(32, 32).steps(32))) {
        for (int seed = 0; seed < 3; seed++) {
          int[] prompt = TinyModels.prompt(5 + seed, seed);
          CanvasRun full = run(eosModel, prompt, builder.eosEarlyExit(false).build());
          CanvasRun early = run(eosModel, prompt, builder.eosEarlyExit(true).build());
          assertThat(early.answer()).containsExactly(full.answer());
          assertThat(early.answerEnded()).isEqualTo(full.answerEnded());
          assertThat(early.canvas()).doesNotContain(eosModel.config().tokens().mask());
          saved += full.steps() - early.steps();
        }
      }
    }
    assertThat(saved).isPositive();
  }

  @Test
  void aSeedFixesTheAnswerAndAnotherSeedChangesIt() {
    GenerationSettings warm = settings(24, 8).temperature(1).build();
    int[] first = SimpleLoop.run(model, prompt(), warm, new Draws.Seeded(1)).canvas();

    assertThat(SimpleLoop.run(model, prompt(), warm, new Draws.Seeded(1)).canvas())
        .containsExactly(first);
    assertThat(SimpleLoop.run(model, prompt(), warm, new Draws.Seeded(2)).canvas())
        .isNotEqualTo(first);
  }

  @Test
  void moreStepsThanSlotsAreNotRun() {
    assertThat(finish(settings(8, 4).steps(64)).steps()).isEqualTo(8);
  }

  static Stream<GenerationSettings> everyKind() {
    return Stream.of(
            settings(24, 24).steps(5),
            settings(24, 8).remasking(Remasking.RANDOM).temperature(1),
            settings(24, 8).threshold(0.3).caching(Caching.dual(0)),
            settings(24, 8).steps(12).caching(Caching.prefix(2)).cfgScale(1),
            settings(24, 6).factor(1.5).lookaheadBlocks(0),
            settings(24, 12).decoding(new Decoding.EntropyBound(2)),
            settings(24, 24).decoding(new Decoding.Dream(10, DreamAlgorithm.ORIGIN, 0)),
            settings(24, 12).decoding(new Decoding.Dream(10, DreamAlgorithm.TOPK_MARGIN, 0.5)))
        .map(GenerationSettings.Builder::build);
  }

  private static int[] prompt() {
    return TinyModels.prompt(7, 3);
  }

  private static CanvasRun canvas(GenerationSettings settings) {
    return CanvasRun.behind(prompt(), settings, model.config(), new Draws.Seeded(5));
  }

  private static CanvasRun finish(GenerationSettings.Builder settings) {
    return finish(settings.build(), prompt());
  }

  private static CanvasRun finish(GenerationSettings settings, int[] prompt) {
    return run(model, prompt, settings);
  }

  private static CanvasRun run(MaskPredictor network, int[] prompt, GenerationSettings settings) {
    return SimpleLoop.run(network, prompt, settings, new Draws.Seeded(5));
  }

  /** One token a step, to the end of the canvas. */
  private static GenerationSettings.Builder settings(int genLength, int blockLength) {
    return GenerationSettings.builder(genLength, blockLength).eosEarlyExit(false);
  }
}
