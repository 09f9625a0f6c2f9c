package dev.unmask.model.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.IValue;
import java.util.List;

/** An argument of a TorchScript method; each form matches one type of the text. */
public sealed interface Argument {

  /** {@code Tensor}. The array stays the caller's. */
  static Argument of(NDArray tensor) {
    return new OfTensor(tensor);
  }

  /** {@code List[Tensor]}, built for this call. The arrays stay the caller's. */
  static Argument of(List<? extends NDArray> tensors) {
    return new OfTensors(List.copyOf(tensors));
  }

  /** {@code List[Tensor]} built once; see {@link TensorList}. */
  static Argument of(TensorList tensors) {
    return new OfHeld(tensors);
  }

  /** {@code List[List[Tensor]]}. */
  static Argument ofLists(List<TensorList> lists) {
    return new OfLists(List.copyOf(lists));
  }

  /** {@code int}. */
  static Argument of(long value) {
    return new OfInt(value);
  }

  /** {@code float}, which is a double in TorchScript. */
  static Argument of(double value) {
    return new OfFloat(value);
  }

  /** {@code bool}. */
  static Argument of(boolean value) {
    return new OfBool(value);
  }

  /** {@code List[int]}. */
  static Argument ofInts(long... values) {
    return new OfInts(values.clone());
  }

  /** {@code List[float]}. */
  static Argument ofFloats(double... values) {
    return new OfFloats(values.clone());
  }

  /** The native value, and whether the call must close it. */
  record Native(IValue value, boolean closeAfterCall) {}

  /** Called once for each call. */
  Native toNative();

  /** See {@link #of(NDArray)}. */
  record OfTensor(NDArray tensor) implements Argument {
    @Override
    public Native toNative() {
      return new Native(IValue.from((PtNDArray) tensor), true);
    }
  }

  /** See {@link #of(List)}. */
  record OfTensors(List<NDArray> tensors) implements Argument {
    @Override
    public Native toNative() {
      return new Native(
          IValue.listFrom(tensors.stream().map(PtNDArray.class::cast).toArray(PtNDArray[]::new)),
          true);
    }
  }

  /** See {@link #of(TensorList)}. */
  record OfHeld(TensorList tensors) implements Argument {
    @Override
    public Native toNative() {
      return new Native(tensors.value(), false);
    }
  }

  /** See {@link #ofLists}. */
  record OfLists(List<TensorList> lists) implements Argument {
    @Override
    public Native toNative() {
      return new Native(
          IValue.listFrom(lists.stream().map(TensorList::value).toArray(IValue[]::new)), true);
    }
  }

  /** See {@link #of(long)}. */
  record OfInt(long value) implements Argument {
    @Override
    public Native toNative() {
      return new Native(IValue.from(value), true);
    }
  }

  /** See {@link #of(double)}. */
  record OfFloat(double value) implements Argument {
    @Override
    public Native toNative() {
      return new Native(IValue.from(value), true);
    }
  }

  /** See {@link #of(boolean)}. */
  record OfBool(boolean value) implements Argument {
    @Override
    public Native toNative() {
      return new Native(IValue.from(value), true);
    }
  }

  /** See {@link #ofInts}. */
  @SuppressWarnings("ArrayRecordComponent") // Never compared; the factory copies.
  record OfInts(long[] values) implements Argument {
    @Override
    public Native toNative() {
      return new Native(IValue.listFrom(values), true);
    }
  }

  /** See {@link #ofFloats}. */
  @SuppressWarnings("ArrayRecordComponent") // Never compared; the factory copies.
  record OfFloats(double[] values) implements Argument {
    @Override
    public Native toNative() {
      return new Native(IValue.listFrom(values), true);
    }
  }
}
