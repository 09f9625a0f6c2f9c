package dev.unmask.model.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.IValue;
import java.util.List;

/**
 * A {@code List[Tensor]} that is handed to many calls, such as a model's weights, so that it is not
 * rebuilt each time. It keeps the tensors' storage alive by itself; closing it does not close the
 * arrays it was made from. Close it only when no call uses it.
 */
public final class TensorList implements AutoCloseable {

  private final IValue value;
  private final int size;

  public TensorList(List<? extends NDArray> tensors) {
    this.value =
        IValue.listFrom(tensors.stream().map(PtNDArray.class::cast).toArray(PtNDArray[]::new));
    this.size = tensors.size();
  }

  public int size() {
    return size;
  }

  IValue value() {
    return value;
  }

  @Override
  public void close() {
    value.close();
  }
}
