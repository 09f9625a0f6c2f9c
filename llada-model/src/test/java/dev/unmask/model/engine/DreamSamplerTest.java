package dev.unmask.model.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.model.sampling.Decoding;
import dev.unmask.model.sampling.Draws;
import dev.unmask.model.sampling.DreamAlgorithm;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.model.transformer.LoadedModel;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Dream's algorithms against a plain writing of them, on a network with Dream's shift. */
class DreamSamplerTest {

  @TempDir static Path folder;
  private static LoadedModel model;

  @BeforeAll
  static void load() throws Exception {
    TinyModels.random(folder).close();
    model = TinyModels.otherwise(folder, shape -> shape.logitShift(1));
  }

  @AfterAll
  static void close() {
    model.close();
  }

  @ParameterizedTest
  @EnumSource
  void equalsThePlainWriting(DreamAlgorithm algorithm) {
    for (int steps : new int[] {1, 5, 20, 33}) {
      same(algorithm, steps, 1, 0);
    }
  }

  @ParameterizedTest
  @EnumSource
  void cutDistributionsChangeTheOrderAsInThePlainWriting(DreamAlgorithm algorithm) {
    same(algorithm, 10, 0.7, 0);
    same(algorithm, 10, 1, 3);
    same(algorithm, 10, 0.8, 5);
  }

  @Test
  void stepsThatCommitNothingMakeNoPass() {
    // With more steps than slots most steps round down to none.
    CanvasRun run = run(settings(DreamAlgorithm.ENTROPY, 100, 1, 0), new Draws.Seeded(1));

    assertThat(run.steps()).isLessThanOrEqualTo(20);
  }

  private static void same(DreamAlgorithm algorithm, int steps, double topP, int topK) {
    for (int seed = 0; seed < 3; seed++) {
      Draws draws = new Draws.Seeded(seed);
      assertThat(run(settings(algorithm, steps, topP, topK), draws).canvas())
          .as("%s in %d steps, top_p %s, top_k %d, seed %d", algorithm, steps, topP, topK, seed)
          .containsExactly(
              new Reference(model).dream(prompt(), 20, steps, algorithm, topP, topK, draws));
    }
  }

  private static CanvasRun run(GenerationSettings settings, Draws draws) {
    return SimpleLoop.run(model, prompt(), settings, draws);
  }

  private static int[] prompt() {
    return TinyModels.prompt(9, 4);
  }

  private static GenerationSettings settings(
      DreamAlgorithm algorithm, int steps, double topP, int topK) {
    return GenerationSettings.builder(20, 20)
        .decoding(new Decoding.Dream(steps, algorithm, 0))
        .topP(topP)
        .topK(topK)
        .eosEarlyExit(false)
        .build();
  }
}
