package dev.unmask.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.unmask.model.config.LladaConfig;
import dev.unmask.model.oracle.OraclePredictor;
import dev.unmask.model.safetensors.SafetensorsFile;
import dev.unmask.model.safetensors.StoredTensor;
import dev.unmask.model.torch.TorchRuntime;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ForwardGoldenTest {

  @ParameterizedTest
  @CsvSource({
    "dense-f32, forward0", "dense-f32, forward1", "dense-f32, forward2",
    "grouped-bf16-sharded, forward0", "grouped-bf16-sharded, forward1",
        "grouped-bf16-sharded, forward2"
  })
  void equalsTheReference(String folder, String name) throws Exception {
    Path path = Path.of("src/test/resources/golden", folder);
    try (LoadedModel model = LoadedModel.load(path, Precision.F32);
        OraclePredictor oracle = OraclePredictor.load(path, LladaConfig.load(path))) {
      assertThat(error(model, path, name)).isLessThan(2e-5);
      assertThat(error(oracle, path, name)).isLessThan(2e-5);
    }
  }

  private static double error(MaskPredictor model, Path path, String name) throws Exception {
    SafetensorsFile arrays = SafetensorsFile.open(path.resolve("cases.safetensors"));
    StoredTensor ids = arrays.require(name + ".input_ids");
    float[] expected = arrays.require(name + ".logits").toFloats();
    int length = (int) ids.shape()[1];
    int[] all = Arrays.stream(ids.toLongs()).mapToInt(i -> (int) i).toArray();
    PackedBatch batch = new PackedBatch();
    for (int row = 0; row < ids.shape()[0]; row++) {
      batch.add(
          Arrays.copyOfRange(all, row * length, (row + 1) * length),
          IntStream.range(0, length).toArray());
    }
    try (NDManager manager = TorchRuntime.newManager()) {
      NDArray logits = model.logits(manager, batch);
      float[] got = logits.toFloatArray();
      double most = 0;
      double scale = 0;
      for (int i = 0; i < expected.length; i++) {
        most = Math.max(most, Math.abs(got[i] - expected[i]));
        scale = Math.max(scale, Math.abs(expected[i]));
      }
      return most / scale;
    }
  }
}
