package dev.unmask.model.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.transformer.TransformerText.Compute;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** More blocks, the same model: on the weights that ship. */
class GrownFolderTest {

  private static final Path MINI = Path.of("..", "models", "unmask-mini");

  @TempDir Path folder;

  @Test
  void aGrownModelHasTheSameLoss() throws Exception {
    ModelConfig before = ModelConfig.load(MINI);
    int layers = before.layers() + 2;
    GrownFolder.write(MINI, layers, folder);
    assertThat(ModelConfig.load(folder).layers()).isEqualTo(layers);
    assertThat(loss(folder)).isEqualTo(loss(MINI), org.assertj.core.api.Assertions.within(1e-5));
  }

  @Test
  void newBlocksAreSpread() {
    List<GrownFolder.Block> blocks = GrownFolder.blocks(6, 8);
    assertThat(blocks.stream().map(GrownFolder.Block::old)).containsExactly(0, 1, 2, 2, 3, 4, 5, 5);
    assertThat(blocks.stream().map(GrownFolder.Block::added))
        .containsExactly(false, false, false, true, false, false, false, true);
  }

  @Test
  void aModelDoesNotShrink() {
    assertThatThrownBy(() -> GrownFolder.write(MINI, 2, folder))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("cannot be grown to 2");
  }

  private static double loss(Path model) throws InvalidModelException {
    long[] ids = new long[24];
    BitSet masked = new BitSet();
    for (int i = 0; i < ids.length; i++) {
      ids[i] = 300 + 7L * i;
      masked.set(i, i % 3 == 0);
    }
    try (TrainableModel trained = TrainableModel.load(model, Compute.FLOAT32)) {
      return trained
          .loss(
              MaskedBatch.of(
                  ids,
                  masked,
                  new double[] {0.5},
                  new int[] {0},
                  trained.config().tokens().mask(),
                  LossWeight.UNIFORM))
          .loss();
    }
  }
}
