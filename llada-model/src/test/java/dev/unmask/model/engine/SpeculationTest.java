package dev.unmask.model.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.model.engine.EngineOptions.EngineStep;
import dev.unmask.model.sampling.Decoding;
import dev.unmask.model.sampling.Draws;
import dev.unmask.model.sampling.DreamAlgorithm;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.model.transformer.LoadedModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Steps guessed ahead. */
@Timeout(120)
class SpeculationTest {

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

  static Stream<GenerationSettings.Builder> settings() {
    return Stream.of(
        settings(24, 24),
        settings(24, 8),
        settings(24, 8).steps(12).cfgScale(0.8),
        settings(24, 12).steps(12).temperature(0.8),
        settings(24, 8).threshold(0.3),
        settings(24, 8).factor(1),
        settings(24, 24).decoding(new Decoding.EntropyBound(1)),
        settings(24, 24).decoding(new Decoding.Dream(16, DreamAlgorithm.TOPK_MARGIN, 0.4)));
  }

  @ParameterizedTest
  @MethodSource("settings")
  @DisplayName("8.3-18 speculation equals the static sampler, step for step")
  void lossless(GenerationSettings.Builder builder) {
    for (int drafts : new int[] {1, 4, 16}) {
      for (int seed = 0; seed < 2; seed++) {
        int[] prompt = TinyModels.prompt(6 + seed, seed);
        Traced usual = trace(prompt, builder.draftSteps(0).build(), seed);
        Traced drafted = trace(prompt, builder.draftSteps(drafts).build(), seed);

        assertThat(drafted.canvas()).as("%d drafts", drafts).isEqualTo(usual.canvas());
        assertThat(drafted.commits()).isEqualTo(usual.commits());
        assertThat(drafted.rounds()).isLessThanOrEqualTo(usual.rounds());
      }
    }
  }

  @Test
  void savesRoundsWherePredictionsHold() {
    int rounds = 0;
    int steps = 0;
    for (int seed = 0; seed < 4; seed++) {
      Traced drafted =
          trace(TinyModels.prompt(6, seed), settings(24, 24).draftSteps(4).build(), seed);
      rounds += drafted.rounds();
      steps += drafted.commits().size();
    }

    assertThat(steps).isEqualTo(4 * 24);
    assertThat(rounds).isLessThan(steps);
  }

  @Test
  void theEngineReportsEveryStepOnceAndCountsEveryRow() throws Exception {
    GenerationSettings settings = settings(24, 24).draftSteps(4).build();
    List<EngineStep> rounds = Collections.synchronizedList(new ArrayList<>());
    Listening listening = new Listening();
    try (DenoisingEngine engine =
        new DenoisingEngine(EngineOptions.defaults().withObserver(rounds::add))) {
      engine.submit(
          model, new GenerationTask("drafted", TinyModels.prompt(6, 0), settings), listening);
      GenerationResult result = listening.result();

      assertThat(result.steps()).isEqualTo(24);
      assertThat(listening.steps.stream().map(StepResult::step)).isSorted().hasSize(24);
      assertThat(result.forwardPasses()).isGreaterThan(rounds.size());
      assertThat(rounds.size()).isLessThan(24);
    }
  }

  private record Traced(List<Integer> canvas, List<List<SlotCommit>> commits, int rounds) {}

  private static Traced trace(int[] prompt, GenerationSettings settings, int seed) {
    List<List<SlotCommit>> commits = new ArrayList<>();
    int rounds = 0;
    try (CanvasRun run =
            CanvasRun.behind(prompt, settings, model.config(), new Draws.Seeded(seed));
        PackedStep step = new PackedStep(model)) {
      while (!run.finished()) {
        for (StepResult result : step.step(List.of(run)).results().get(0)) {
          commits.add(
              result.commits().stream()
                  .map(c -> new SlotCommit(c.slot(), c.tokenId(), 0))
                  .toList());
        }
        rounds++;
      }
      return new Traced(IntStream.of(run.canvas()).boxed().toList(), commits, rounds);
    }
  }

  private static GenerationSettings.Builder settings(int genLength, int blockLength) {
    return GenerationSettings.builder(genLength, blockLength).eosEarlyExit(false);
  }
}
