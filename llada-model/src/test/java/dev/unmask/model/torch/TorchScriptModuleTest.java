package dev.unmask.model.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.jni.JniUtils;
import java.util.List;
import org.junit.jupiter.api.Test;

class TorchScriptModuleTest {

  private static final String METHODS =
      """
        def scale(self: __torch__.M, x: Tensor, f: float, i: int, on: bool) -> Tensor:
          y = torch.mul(x, f)
          if on:
            y = torch.add(y, i)
          return y
        def pick(self: __torch__.M, w: List[Tensor], which: List[int], by: List[float]) -> Tuple[Tensor, Tensor]:
          return (torch.mul(w[which[0]], by[0]), torch.mul(w[which[1]], by[1]))
        def loss(self: __torch__.M, w: List[Tensor], x: Tensor) -> Tensor:
          return torch.sum(torch.mul(torch.mul(w[0], w[1]), x))
      """;

  @Test
  void whatIsSharedIsOpenUntilTheLastOwnerHasClosedIt() {
    TorchScriptModule one = TorchScriptModule.shared(METHODS);
    try (TorchScriptModule other = TorchScriptModule.shared(METHODS)) {
      assertThat(scaled(one)).isEqualTo(3);
      one.close();
      one.close();
      assertThat(scaled(other)).as("closing twice takes nobody else's away").isEqualTo(3);
    }
    try (TorchScriptModule again = TorchScriptModule.shared(METHODS)) {
      assertThat(scaled(again)).isEqualTo(3);
    }
  }

  private static float scaled(TorchScriptModule module) {
    try (NDManager manager = TorchRuntime.newManager()) {
      NDArray x = manager.create(new float[] {2});
      return module.callOne(
              manager,
              "scale",
              Argument.of(x),
              Argument.of(1.5),
              Argument.of(0L),
              Argument.of(false))
          .toFloatArray()[0];
    }
  }

  @Test
  void passesScalarsListsAndTensors() {
    try (TorchScriptModule module = TorchScriptModule.compile(METHODS);
        NDManager manager = TorchRuntime.newManager()) {
      NDArray x = manager.create(new float[] {1, 2});

      NDArray y =
          module.callOne(
              manager,
              "scale",
              Argument.of(x),
              Argument.of(0.5),
              Argument.of(3L),
              Argument.of(true));
      assertThat(y.toFloatArray()).containsExactly(3.5f, 4f);

      try (TensorList weights = new TensorList(List.of(x, y))) {
        for (int call = 0; call < 2; call++) {
          List<NDArray> pair =
              module.call(
                  manager,
                  "pick",
                  Argument.of(weights),
                  Argument.ofInts(1, 0),
                  Argument.ofFloats(2, 10));
          assertThat(pair.get(0).toFloatArray()).containsExactly(7f, 8f);
          assertThat(pair.get(1).toFloatArray()).containsExactly(10f, 20f);
        }
      }
    }
  }

  @Test
  void recordsGradientsOfListedWeights() {
    try (TorchScriptModule module = TorchScriptModule.compile(METHODS);
        NDManager manager = TorchRuntime.newManager()) {
      NDArray a = manager.create(new float[] {2, 3});
      NDArray b = manager.create(new float[] {5, 7});
      a.setRequiresGradient(true);
      b.setRequiresGradient(true);
      NDArray x = manager.create(new float[] {1, 10});
      TorchRuntime.recordGradients(true);

      NDArray loss = module.callRecorded(manager, "loss", List.of(a, b), x).get(0);
      JniUtils.backward(
          (ai.djl.pytorch.engine.PtNDArray) loss,
          (ai.djl.pytorch.engine.PtNDArray) manager.ones(loss.getShape()),
          false,
          false);

      assertThat(loss.getFloat()).isEqualTo(220f);
      assertThat(a.getGradient().toFloatArray()).containsExactly(5f, 70f);
      assertThat(b.getGradient().toFloatArray()).containsExactly(2f, 30f);
    }
  }

  @Test
  void namesTheLineOfBrokenText() {
    assertThatThrownBy(() ->
            TorchScriptModule.compile(
                "  def f(self: __torch__.M, x: Tensor) -> Tensor:\n    return torch.nope(x)\n"))
        .isInstanceOf(TorchScriptException.class)
        .hasMessageContaining("nope");
  }
}
