package dev.unmask.model.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.safetensors.SafetensorsDirectory;
import dev.unmask.model.safetensors.StoredTensor;
import dev.unmask.model.torch.Argument;
import dev.unmask.model.torch.TorchScriptModule;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Makes weights out of mapped files: a tensor stored in the compute type is a view of the mapping,
 * any other is cast into native memory. Nothing passes through the Java heap.
 */
final class WeightLoader {

  /** Reinterprets bytes: views by element type are not reachable from TorchScript, set_ is. */
  private static final String TEXT =
      """
        def view(self: __torch__.M, bytes: Tensor, stored: int, shape: List[int], strides: List[int]) -> Tensor:
          return torch.set_(torch.empty([0], dtype=stored), bytes, 0, shape, strides)
        def cast(self: __torch__.M, bytes: Tensor, stored: int, shape: List[int], strides: List[int], wanted: int) -> Tensor:
          v = torch.set_(torch.empty([0], dtype=stored), bytes, 0, shape, strides)
          return torch.to(v, wanted, False, True)
      """;

  private WeightLoader() {}

  /**
   * All weights in the order of {@link WeightTable}.
   *
   * @param owner gets the arrays, and the byte arrays that views stand on
   * @throws InvalidModelException when a tensor is missing, has the wrong shape or type, or is one
   *     that this network would not use
   */
  static List<NDArray> load(
      NDManager owner, SafetensorsDirectory files, ModelConfig config, TransformerText.Compute type)
      throws InvalidModelException {
    List<WeightTable.Weight> table = WeightTable.of(config);
    Set<String> unused = new HashSet<>(files.tensors().keySet());
    List<NDArray> weights = new ArrayList<>(table.size());
    try (TorchScriptModule module = TorchScriptModule.compile(TEXT)) {
      for (WeightTable.Weight weight : table) {
        StoredTensor stored = files.require(weight.name(), weight.dimensions());
        unused.remove(weight.name());
        weights.add(load(owner, module, stored, type));
      }
    }
    if (!unused.isEmpty()) {
      throw new InvalidModelException(
          "the files hold "
              + unused.size()
              + " tensors that config.json gives no use, such as "
              + unused.stream().sorted().findFirst().orElseThrow());
    }
    return weights;
  }

  private static NDArray load(
      NDManager owner, TorchScriptModule module, StoredTensor stored, TransformerText.Compute type)
      throws InvalidModelException {
    int code =
        switch (stored.type()) {
          case F32 -> 6;
          case F16 -> 5;
          case BF16 -> 15;
          case F64, I64, I32, I16, I8, U8, BOOL ->
              throw new InvalidModelException("tensor " + stored + " should be F32, F16 or BF16");
        };
    ByteBuffer data = stored.data();
    long[] shape = stored.shape();
    Argument[] common = {
      Argument.of((long) code), Argument.ofInts(shape), Argument.ofInts(rowMajor(shape))
    };
    // Files that do not pad their header leave tensors at odd addresses, which kernels may not
    // bear.
    boolean aligned = data.alignmentOffset(0, stored.type().bytes()) == 0;
    if (code == type.code() && aligned) {
      NDArray bytes = bytes(owner, data);
      return module.callOne(owner, "view", Argument.of(bytes), common[0], common[1], common[2]);
    }
    try (NDManager passing = owner.newSubManager()) {
      ByteBuffer source = data;
      if (!aligned) {
        source = ByteBuffer.allocateDirect(data.remaining()).put(data).flip();
      }
      return module.callOne(
          owner,
          "cast",
          Argument.of(bytes(passing, source)),
          common[0],
          common[1],
          common[2],
          Argument.of((long) type.code()));
    }
  }

  private static NDArray bytes(NDManager owner, ByteBuffer data) {
    return owner.create(data, new Shape(data.remaining()), DataType.UINT8);
  }

  private static long[] rowMajor(long[] shape) {
    long[] strides = new long[shape.length];
    long stride = 1;
    for (int i = shape.length - 1; i >= 0; i--) {
      strides[i] = stride;
      stride *= shape[i];
    }
    return strides;
  }
}
