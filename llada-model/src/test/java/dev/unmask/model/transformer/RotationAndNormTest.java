package dev.unmask.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.unmask.model.config.Layout;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.golden.ArrayError;
import dev.unmask.model.reference.Bfloat16;
import dev.unmask.model.torch.Argument;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.torch.TorchScriptModule;
import dev.unmask.model.transformer.TransformerText.Compute;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Properties 5 and 6 of the forward pass: rotary positions, and where RMSNorm rounds. */
class RotationAndNormTest {

  private static final int HEAD = 128;

  /** Test entries into the text's own methods; bfloat16 never leaves TorchScript. */
  private static final String ENTRIES =
      """
        def norm_of(self: __torch__.M, x: Tensor, weight: Tensor) -> Tensor:
          return torch.to((self).norm(torch.to(x, $DTYPE), torch.to(weight, $DTYPE), ), 6)
        def rope_of(self: __torch__.M, x: Tensor, position: int) -> Tensor:
          t = (self).rope_table(torch.add(position, 1), )
          cos = (self).rope_rows(t[0], [position], [1], )
          sin = (self).rope_rows(t[1], [position], [1], )
          return torch.to((self).rope(torch.to(x, $DTYPE), cos, sin, ), 6)
      """;

  private static ModelConfig shape(Layout layout) {
    return ModelConfig.shape(layout)
        .width(HEAD)
        .layers(1)
        .heads(1)
        .vocabularySize(9)
        .ropeTheta(500_000)
        .contextLength(4096)
        .tokens(8, 7, 6)
        .build();
  }

  private static TorchScriptModule module(Layout layout, Compute compute) {
    ModelConfig shape = shape(layout);
    return TorchScriptModule.compile(
        TransformerText.of(shape, compute) + TransformerText.fill(ENTRIES, shape, compute));
  }

  private static float[] rotated(TorchScriptModule module, float[] head, int position) {
    try (NDManager manager = TorchRuntime.newManager()) {
      NDArray x = manager.create(head, new Shape(1, 1, HEAD));
      return module
          .callOne(manager, "rope_of", Argument.of(x), Argument.of((long) position))
          .toFloatArray();
    }
  }

  private static float[] random(long seed) {
    Random random = new Random(seed);
    float[] values = new float[HEAD];
    for (int i = 0; i < HEAD; i++) {
      values[i] = Bfloat16.round(random.nextGaussian());
    }
    return values;
  }

  private static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }

  /** The frequencies of LLaDA-8B, computed apart: theta 500 000, heads of 128. */
  @Test
  void property5TheAnglesAreLladas() {
    double[] frequencies = {1, 0.8146172338565447, 0.001414213562373095, 2.455140791131609e-06};
    int[] indices = {0, 1, 32, 63};
    try (TorchScriptModule module = module(Layout.LLADA, Compute.FLOAT32);
        NDManager manager = TorchRuntime.newManager()) {
      List<NDArray> tables = module.call(manager, "rope_table", Argument.of(4L));
      float[] cosines = tables.get(0).toFloatArray();
      float[] sines = tables.get(1).toFloatArray();
      for (int i = 0; i < indices.length; i++) {
        for (int position = 0; position < 4; position++) {
          int at = position * HEAD / 2 + indices[i];
          assertThat((double) cosines[at])
              .isCloseTo(Math.cos(position * frequencies[i]), within(1e-6));
          assertThat((double) sines[at])
              .isCloseTo(Math.sin(position * frequencies[i]), within(1e-6));
        }
      }
    }
  }

  @Test
  void property5ScoresDependOnTheDistanceOnlyAndPositionZeroTurnsNothing() {
    try (TorchScriptModule module = module(Layout.LLADA, Compute.FLOAT32)) {
      float[] q = random(1);
      float[] k = random(2);

      assertThat(rotated(module, q, 0)).isEqualTo(q);
      double near = dot(rotated(module, q, 7), rotated(module, k, 3));
      assertThat(dot(rotated(module, q, 1007), rotated(module, k, 1003)))
          .isCloseTo(near, within(2e-3));
      assertThat(dot(rotated(module, q, 7), rotated(module, k, 4))).isNotCloseTo(near, within(0.1));
    }
  }

  @Test
  void property5PairsAreHalvesNotNeighbours() {
    try (TorchScriptModule module = module(Layout.LLADA, Compute.FLOAT32)) {
      float[] x = random(3);
      float[] got = rotated(module, x, 5);

      float[] halves = new float[HEAD];
      float[] interleaved = new float[HEAD];
      for (int i = 0; i < HEAD / 2; i++) {
        double angle = 5 * Math.pow(500_000, -2.0 * i / HEAD);
        halves[i] = (float) (x[i] * Math.cos(angle) - x[i + 64] * Math.sin(angle));
        halves[i + 64] = (float) (x[i + 64] * Math.cos(angle) + x[i] * Math.sin(angle));
        interleaved[2 * i] = (float) (x[2 * i] * Math.cos(angle) - x[2 * i + 1] * Math.sin(angle));
        interleaved[2 * i + 1] =
            (float) (x[2 * i + 1] * Math.cos(angle) + x[2 * i] * Math.sin(angle));
      }
      assertThat(ArrayError.relative(got, halves)).isLessThan(1e-6);
      assertThat(ArrayError.relative(got, interleaved)).isGreaterThan(0.1);
    }
  }

  /** LLaDA turns in float32 and rounds once; iLLaDA and Dream round at every step. */
  @Test
  void property5TheLayoutSaysInWhichTypeBfloat16IsTurned() {
    float[] x = random(4);
    for (int position : new int[] {1, 17, 300}) {
      float[] once = Bfloat16.rotatedInFloat32(x, position, 500_000);
      float[] everyStep = Bfloat16.rotatedInBfloat16(x, position, 500_000);
      assertThat(once).isNotEqualTo(everyStep);
      try (TorchScriptModule llada = module(Layout.LLADA, Compute.BFLOAT16);
          TorchScriptModule illada = module(Layout.ILLADA, Compute.BFLOAT16)) {
        assertThat(different(rotated(llada, x, position), once)).isLessThan(2);
        assertThat(different(rotated(illada, x, position), everyStep)).isLessThan(2);
        assertThat(different(rotated(illada, x, position), once)).isGreaterThan(10);
      }
    }
  }

  /** How many numbers differ: a cosine at the edge of two roundings may fall either way. */
  private static int different(float[] a, float[] b) {
    int count = 0;
    for (int i = 0; i < a.length; i++) {
      count += a[i] == b[i] ? 0 : 1;
    }
    return count;
  }

  @Test
  void property6RmsNormRoundsBeforeTheWeight() {
    float[] x = new float[HEAD];
    float[] weight = new float[HEAD];
    Random random = new Random(6);
    for (int i = 0; i < HEAD; i++) {
      x[i] = Bfloat16.round(3 * random.nextGaussian());
      weight[i] = Bfloat16.round(1 + 0.3 * random.nextGaussian());
    }
    float[] golden = Bfloat16.rmsNorm(x, weight, 1e-5);
    float[] otherOrder = Bfloat16.rmsNormRoundedOnce(x, weight, 1e-5);
    assertThat(different(golden, otherOrder)).isGreaterThan(20);

    try (TorchScriptModule module = module(Layout.LLADA, Compute.BFLOAT16);
        NDManager manager = TorchRuntime.newManager()) {
      NDArray got =
          module.callOne(
              manager,
              "norm_of",
              Argument.of(manager.create(x, new Shape(1, HEAD))),
              Argument.of(manager.create(weight)));
      assertThat(got.toFloatArray()).isEqualTo(golden);
    }
  }

  /**
   * The same as numbers that anyone can check. Ones and sevens have the mean square 25, so they
   * become 1/5 and 7/5, in bfloat16 0.2001953125 and 1.3984375. Times 1.625 that is 0.32531738 and
   * 2.27246094, whose nearest bfloat16 numbers are the ones expected; with the weight first, 0.325
   * and 2.275 would become 0.32421875 and 2.28125.
   */
  @Test
  void property6GoldenVector() {
    float[] x = new float[HEAD];
    float[] weight = new float[HEAD];
    float[] expected = new float[HEAD];
    for (int i = 0; i < HEAD; i++) {
      x[i] = i % 2 == 0 ? 1 : 7;
      weight[i] = 1.625f;
      expected[i] = i % 2 == 0 ? (float) 0.326171875 : 2.265625f;
    }
    try (TorchScriptModule module = module(Layout.LLADA, Compute.BFLOAT16);
        NDManager manager = TorchRuntime.newManager()) {
      NDArray got =
          module.callOne(
              manager,
              "norm_of",
              Argument.of(manager.create(x, new Shape(1, HEAD))),
              Argument.of(manager.create(weight)));
      assertThat(got.toFloatArray()).isEqualTo(expected);
    }
  }
}
