package dev.unmask.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.torch.Argument;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.torch.TorchScriptException;
import dev.unmask.model.torch.TorchScriptModule;
import dev.unmask.model.transformer.TransformerText.Attention;
import dev.unmask.model.transformer.TransformerText.Compute;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The device's blocks on libtorch's {@code meta} device, which has shapes and no numbers: a second
 * device that every build has. Operations that would mix it with the processor, and reads of a
 * number, fail there as they would on a GPU. Not every operation is built for it: embedding and
 * index_select are not, so that block and head run and the rest is read by {@link DeviceTextTest};
 * nor is what fused attention falls back to, so that two products stand in its place.
 */
final class MetaDeviceTest {

  private static final String TEXT =
      """
        def meta(self: __torch__.M, x: Tensor) -> Tensor:
          return torch.to(x, torch.device("meta"))
        def is_meta(self: __torch__.M, x: Tensor) -> Tensor:
          return torch.full([1], float(int(torch.eq(ops.prim.device(x), torch.device("meta")))))
        def mixed(self: __torch__.M, x: Tensor) -> Tensor:
          return torch.add(torch.to(x, torch.device("meta")), torch.ones([2]))
        def read(self: __torch__.M, x: Tensor) -> Tensor:
          return torch.full([1], float(torch.to(x, torch.device("meta"))))
      """;

  /** That the device tells what this test is for. */
  @Test
  void mixingAndReadingFail() {
    try (TorchScriptModule module = TorchScriptModule.compile(TEXT);
        NDManager manager = TorchRuntime.newManager()) {
      NDArray two = manager.create(new float[2]);
      NDArray one = manager.create(new float[1]);
      assertThatThrownBy(() -> module.callOne(manager, "mixed", Argument.of(two)))
          .isInstanceOf(TorchScriptException.class)
          .hasMessageContaining("device");
      assertThatThrownBy(() -> module.callOne(manager, "read", Argument.of(one)))
          .isInstanceOf(TorchScriptException.class)
          .hasMessageContaining("meta");
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"FUSED", "PRODUCTS"})
  void blocksAndHeadStayThere(Attention attention) {
    for (int kvHeads : new int[] {2, 4}) {
      run(ForwardPropertiesTest.SHAPE.changed().kvHeads(kvHeads).qkvBias(true).build(), attention);
    }
  }

  private static void run(ModelConfig config, Attention attention) {
    try (TorchScriptModule meta = TorchScriptModule.compile(TEXT);
        TorchScriptModule network =
            TorchScriptModule.compile(
                StagedText.of(config, Compute.FLOAT32, attention)
                    .replaceAll(
                        "scaled_dot_product_attention\\((.+), kf, vf\\)",
                        "matmul(torch.softmax(torch.matmul($1, torch.transpose(kf, 2, 3)), -1), vf)"));
        NDManager manager = TorchRuntime.newManager()) {
      List<NDArray> weights = weights(config, meta, manager);
      NDArray cache =
          network.callOne(manager, "new_cache", Argument.of(weights.get(0)), Argument.of(20L));
      NDArray none = tensor(meta, manager, 0);
      NDArray angles = tensor(meta, manager, 7 + 7 + 6, 1, config.headWidth() / 2);
      boolean joins = StagedText.joins(config, attention);
      NDArray states =
          network.callOne(
              manager,
              "staged_block",
              Argument.of(weights),
              Argument.of(0L),
              Argument.of(tensor(meta, manager, 7 + 7 + 6, config.width())),
              Argument.of(angles),
              Argument.of(angles),
              Argument.ofInts(0, 0, 8),
              Argument.ofInts(7, 7, 6),
              Argument.ofInts(7, 7, 20),
              Argument.of(List.of(none, none, cache)),
              Argument.ofInts(joins ? new long[] {2, 1} : new long[] {1, 1, 1}));
      NDArray logits =
          network.callOne(manager, "staged_head", Argument.of(weights), Argument.of(states));
      assertThat(logits.getShape()).isEqualTo(new Shape(20, config.embeddingSize()));
      for (NDArray result : List.of(cache, states, logits)) {
        assertThat(meta.callOne(manager, "is_meta", Argument.of(result)).getFloat()).isEqualTo(1f);
      }
    }
  }

  private static List<NDArray> weights(
      ModelConfig config, TorchScriptModule meta, NDManager manager) {
    long width = config.width();
    long all = config.attentionWidth() + 2L * config.kvWidth();
    List<NDArray> weights = new ArrayList<>();
    weights.add(tensor(meta, manager, config.embeddingSize(), width));
    weights.add(tensor(meta, manager, width));
    weights.add(tensor(meta, manager, config.embeddingSize(), width));
    weights.add(tensor(meta, manager, width));
    weights.add(tensor(meta, manager, all, width));
    weights.add(tensor(meta, manager, width, config.attentionWidth()));
    weights.add(tensor(meta, manager, width));
    weights.add(tensor(meta, manager, 2L * config.mlpWidth(), width));
    weights.add(tensor(meta, manager, width, config.mlpWidth()));
    weights.add(tensor(meta, manager, all));
    return weights;
  }

  private static NDArray tensor(TorchScriptModule meta, NDManager manager, long... shape) {
    try (NDArray host = manager.zeros(new Shape(shape), DataType.FLOAT32)) {
      return meta.callOne(manager, "meta", Argument.of(host));
    }
  }
}
