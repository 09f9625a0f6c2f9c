package dev.unmask.model.engine;

import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.config.SpecialTokens;
import dev.unmask.model.safetensors.ElementType;
import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.model.transformer.Precision;
import dev.unmask.model.transformer.RandomModel;
import java.nio.file.Path;

/** Small models for engine tests. */
final class TinyModels {

  static final ModelConfig SHAPE =
      new ModelConfig(
          48, 2, 4, 2, 96, 60, 64, false, 500_000, 1e-5, 160, new SpecialTokens(59, 58, 58, 57));

  private TinyModels() {}

  /** Random weights, sharp enough that decisions have margins. */
  static LoadedModel random(Path folder) throws Exception {
    RandomModel.write(folder, SHAPE, ElementType.F32, 2, 11);
    return LoadedModel.load(folder, Precision.F32);
  }

  /** The reference's model whose answers hold EOS. */
  static LoadedModel withEos() throws Exception {
    Path folder = Path.of("src/test/resources/golden/eos-and-noise");
    return LoadedModel.load(
        folder,
        ModelConfig.load(folder).withEndOfTurn(88),
        Precision.F32,
        dev.unmask.model.transformer.TransformerText.Attention.FUSED);
  }

  static int[] prompt(int length, int seed) {
    return new java.util.Random(seed).ints(length, 0, 50).toArray();
  }
}
