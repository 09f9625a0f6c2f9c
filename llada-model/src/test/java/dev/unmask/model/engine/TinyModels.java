package dev.unmask.model.engine;

import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.config.ModelShape;
import dev.unmask.model.safetensors.ElementType;
import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.model.transformer.Precision;
import dev.unmask.model.transformer.RandomModel;
import dev.unmask.model.transformer.TransformerText.Attention;
import java.nio.file.Path;
import java.util.function.UnaryOperator;

/** Small models for engine tests. */
final class TinyModels {

  static final ModelConfig SHAPE =
      ModelConfig.shape()
          .width(48)
          .layers(2)
          .heads(4)
          .kvHeads(2)
          .mlpWidth(96)
          .vocabularySize(60)
          .embeddingSize(64)
          .ropeTheta(500_000)
          .contextLength(160)
          .tokens(59, 58, 57)
          .build();

  private TinyModels() {}

  /** Random weights, sharp enough that decisions have margins. */
  static LoadedModel random(Path folder) throws Exception {
    RandomModel.write(folder, SHAPE, ElementType.F32, 2, 11);
    return LoadedModel.load(folder, Precision.F32);
  }

  /** The weights that {@link #random} wrote to {@code folder}, as another kind of network. */
  static LoadedModel otherwise(Path folder, UnaryOperator<ModelShape> change) throws Exception {
    return LoadedModel.load(
        folder, change.apply(SHAPE.changed()).build(), Precision.F32, Attention.FUSED);
  }

  /** The reference's model whose answers hold EOS. */
  static LoadedModel withEos() throws Exception {
    Path folder = Path.of("src/test/resources/golden/eos-and-noise");
    return LoadedModel.load(
        folder, ModelConfig.load(folder).withEndOfTurn(88), Precision.F32, Attention.FUSED);
  }

  static int[] prompt(int length, int seed) {
    return new java.util.Random(seed).ints(length, 0, 50).toArray();
  }
}
