package dev.unmask.model.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.model.sampling.Decoding;
import dev.unmask.model.sampling.Draws;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.model.sampling.Remasking;
import dev.unmask.model.transformer.LoadedModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Identities between settings that hold for any model. */
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

  @ParameterizedTest
  @EnumSource
  void blocksOfOneGoLeftToRight(Remasking remasking) {
    List<Integer> order = new ArrayList<>();
    CanvasRun run = canvas(settings(12, 1, new Decoding.Quota(12), remasking, 0, 0));
    try (PackedStep step = new PackedStep(model)) {
      while (!run.finished()) {
        step.step(List.of(run)).results().get(0).commits().forEach(c -> order.add(c.slot()));
      }
    }

    assertThat(order).isSorted().hasSize(12);
  }

  @Test
  void aThresholdThatNothingReachesIsOneCommitAStep() {
    CanvasRun steps = finish(settings(24, 24, new Decoding.Quota(24), low(), 0, 0));
    CanvasRun threshold = finish(settings(24, 24, new Decoding.Threshold(1), low(), 0, 0));

    assertThat(threshold.canvas()).containsExactly(steps.canvas());
    assertThat(threshold.steps()).isEqualTo(24);
  }

  @Test
  void aThresholdThatAllReachIsOneStepABlock() {
    assertThat(finish(settings(24, 6, new Decoding.Threshold(0), low(), 0, 0)).steps())
        .isEqualTo(4);
  }

  @Test
  void guidanceWithoutAPromptChangesNothing() {
    // The unconditional copy masks the prompt; without one both passes are the same.
    GenerationSettings plain = settings(16, 8, new Decoding.Quota(16), low(), 0, 0);
    GenerationSettings guided = settings(16, 8, new Decoding.Quota(16), low(), 0, 2);

    assertThat(finish(guided, new int[0]).canvas())
        .containsExactly(finish(plain, new int[0]).canvas());
  }

  @Test
  void aSeedFixesTheAnswerAndAnotherSeedChangesIt() {
    GenerationSettings warm = settings(24, 8, new Decoding.Quota(24), low(), 1, 0);
    int[] first = SimpleLoop.run(model, prompt(), warm, new Draws.Seeded(1)).canvas();

    assertThat(SimpleLoop.run(model, prompt(), warm, new Draws.Seeded(1)).canvas())
        .containsExactly(first);
    assertThat(SimpleLoop.run(model, prompt(), warm, new Draws.Seeded(2)).canvas())
        .isNotEqualTo(first);
  }

  @Test
  void moreStepsThanSlotsAreNotRun() {
    assertThat(finish(settings(8, 4, new Decoding.Quota(64), low(), 0, 0)).steps()).isEqualTo(8);
  }

  private static Remasking low() {
    return Remasking.LOW_CONFIDENCE;
  }

  private static int[] prompt() {
    return TinyModels.prompt(7, 3);
  }

  private static CanvasRun canvas(GenerationSettings settings) {
    return CanvasRun.behind(prompt(), settings, model.config(), new Draws.Seeded(5));
  }

  private static CanvasRun finish(GenerationSettings settings) {
    return finish(settings, prompt());
  }

  private static CanvasRun finish(GenerationSettings settings, int[] prompt) {
    return SimpleLoop.run(model, prompt, settings, new Draws.Seeded(5));
  }

  private static GenerationSettings settings(
      int genLength,
      int blockLength,
      Decoding decoding,
      Remasking remasking,
      double temperature,
      double cfg) {
    return new GenerationSettings(
        genLength, blockLength, decoding, remasking, temperature, cfg, 0, false, false, false);
  }
}
