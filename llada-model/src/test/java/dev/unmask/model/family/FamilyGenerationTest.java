package dev.unmask.model.family;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.model.config.AttentionMask;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.engine.SimpleLoop;
import dev.unmask.model.reference.ReferenceNetwork;
import dev.unmask.model.sampling.Caching;
import dev.unmask.model.sampling.Draws;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.model.transformer.Precision;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Greedy answers of every layout against a plain writing of the loop over the float64 network. */
class FamilyGenerationTest {

  private static final int LENGTH = 16;

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource
  void greedyAnswersAreThoseOfFloat64(Member member) throws Exception {
    TinyCheckpoint.of(member).write(folder);
    ModelConfig config = ModelConfig.load(folder);
    ReferenceNetwork reference = ReferenceNetwork.load(folder);
    int[] prompt = new Random(8).ints(11, member.firstByte(), member.firstByte() + 256).toArray();
    // Left to right is the only order that a causal network knows.
    int blockLength = member == Member.AUTOREGRESSIVE ? 1 : 8;
    int[] expected = greedy(reference, config, prompt, blockLength);
    assertThat(expected).startsWith(prompt).doesNotContain(config.tokens().mask());

    GenerationSettings settings =
        GenerationSettings.builder(LENGTH, blockLength).eosEarlyExit(false).build();
    try (LoadedModel model = LoadedModel.load(folder, Precision.F32)) {
      assertThat(answer(model, prompt, settings)).isEqualTo(expected);
      for (Caching exact : new Caching[] {Caching.prefix(1), Caching.dual(1)}) {
        assertThat(answer(model, prompt, settings.toBuilder().caching(exact).build()))
            .as("%s", exact)
            .isEqualTo(expected);
      }
    }
  }

  private static int[] answer(LoadedModel model, int[] prompt, GenerationSettings settings) {
    return SimpleLoop.run(model, prompt, settings, new Draws.Seeded(1)).row();
  }

  /**
   * One commit a step: the surest masked slot of the first unfinished block gets its best token. A
   * block-causal network has the grid of its attention, which begins with the row and not with the
   * canvas.
   */
  private static int[] greedy(
      ReferenceNetwork reference, ModelConfig config, int[] prompt, int blockLength) {
    int[] row = Arrays.copyOf(prompt, prompt.length + LENGTH);
    Arrays.fill(row, prompt.length, row.length, config.tokens().mask());
    for (int step = 0; step < LENGTH; step++) {
      double[][] logits = reference.logits(row);
      int origin = config.mask() instanceof AttentionMask.BlockCausal ? 0 : prompt.length;
      int from = origin + (prompt.length + step - origin) / blockLength * blockLength;
      int bestSlot = -1;
      int bestToken = -1;
      double bestConfidence = -1;
      for (int slot = from; slot < Math.min(from + blockLength, row.length); slot++) {
        if (row[slot] == config.tokens().mask()) {
          int token = best(logits[slot], config);
          double confidence = probability(logits[slot], token);
          if (confidence > bestConfidence) {
            bestConfidence = confidence;
            bestSlot = slot;
            bestToken = token;
          }
        }
      }
      row[bestSlot] = bestToken;
    }
    return row;
  }

  private static int best(double[] logits, ModelConfig config) {
    int best = -1;
    for (int id = 0; id < config.vocabularySize(); id++) {
      if (id != config.tokens().mask() && (best < 0 || logits[id] > logits[best])) {
        best = id;
      }
    }
    return best;
  }

  private static double probability(double[] logits, int id) {
    return 1 / Arrays.stream(logits).map(z -> Math.exp(z - logits[id])).sum();
  }
}
