package dev.unmask.model.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A TorchScript class compiled from text at run time. It holds no parameters: weights are
 * arguments, so that Java owns them.
 *
 * <p>The text is the body of one class: indented {@code def name(self: __torch__.M, x: Tensor) ->
 * Tensor:} methods. Operators are {@code torch.add}-style calls; loops, {@code if}, {@code
 * List[Tensor]} and calls {@code (self).other(x, )} work. Errors name the line of the text.
 *
 * <p>Calls may come from several threads at once.
 */
public final class TorchScriptModule implements AutoCloseable {

  /** What {@link #shared} compiled and somebody has open, by its text. Guarded by itself. */
  private static final Map<String, Compiled> SHARED = new HashMap<>();

  /** A class and those who have it open. */
  private static final class Compiled {
    final NDManager manager;
    final PtSymbolBlock block;

    /** Guarded by {@link #SHARED}. */
    int owners = 1;

    Compiled(NDManager manager, PtSymbolBlock block) {
      this.manager = manager;
      this.block = block;
    }
  }

  private final Compiled compiled;
  private final PtSymbolBlock block;
  private final AtomicBoolean open = new AtomicBoolean(true);

  private TorchScriptModule(Compiled compiled) {
    this.compiled = compiled;
    this.block = compiled.block;
  }

  /**
   * Compiles {@code methods}.
   *
   * @throws TorchScriptException when the text is wrong
   */
  public static TorchScriptModule compile(String methods) {
    return new TorchScriptModule(compiled(methods));
  }

  /**
   * As {@link #compile}, unless the same text is open already: then it is neither compiled nor
   * optimised again, so that the next version of a model costs those who use this one no time.
   *
   * @throws TorchScriptException when the text is wrong
   */
  public static TorchScriptModule shared(String methods) {
    synchronized (SHARED) {
      Compiled here = SHARED.get(methods);
      if (here == null) {
        here = compiled(methods);
        SHARED.put(methods, here);
      } else {
        here.owners++;
      }
      return new TorchScriptModule(here);
    }
  }

  private static Compiled compiled(String methods) {
    TorchRuntime.prepareThread();
    NDManager manager = TorchRuntime.newManager();
    try {
      PtSymbolBlock block =
          JniUtils.loadModule(
              (PtNDManager) manager,
              new ByteArrayInputStream(ScriptArchive.of(methods)),
              false,
              false);
      return new Compiled(manager, block);
    } catch (IOException | RuntimeException e) {
      manager.close();
      throw new TorchScriptException("TorchScript text did not load: " + e.getMessage(), e);
    }
  }

  /**
   * Runs {@code method} in inference mode: nothing is recorded, and results can never require a
   * gradient.
   *
   * @param owner gets the results; closing it closes them
   * @return one array for a {@code Tensor} result, several for a tuple or list of tensors
   * @throws TorchScriptException when the call fails
   */
  public List<NDArray> call(NDManager owner, String method, Argument... arguments) {
    TorchRuntime.prepareThread();
    List<IValue> toClose = new ArrayList<>(arguments.length);
    IValue[] values = new IValue[arguments.length];
    try {
      for (int i = 0; i < arguments.length; i++) {
        Argument.Native argument = arguments[i].toNative();
        values[i] = argument.value();
        if (argument.closeAfterCall()) {
          toClose.add(argument.value());
        }
      }
      try (IValue result = IValueUtils.runMethod(block, method, values)) {
        return List.copyOf(result.toNDList((PtNDManager) owner));
      }
    } catch (RuntimeException e) {
      throw failed(method, e);
    } finally {
      toClose.forEach(IValue::close);
    }
  }

  /** {@link #call} for a method that returns one {@code Tensor}. */
  public NDArray callOne(NDManager owner, String method, Argument... arguments) {
    return call(owner, method, arguments).get(0);
  }

  /**
   * Runs {@code method} with automatic differentiation on the calling thread, if {@link
   * TorchRuntime#recordGradients} is on there. The method takes tensors only: {@code weights:
   * List[Tensor]} first, then {@code inputs} in order as {@code Tensor}. Scalars travel as
   * one-element tensors ({@code int(t)} in the text).
   *
   * @param owner gets the results
   * @throws TorchScriptException when the call fails
   */
  public List<NDArray> callRecorded(
      NDManager owner, String method, List<? extends NDArray> weights, NDArray... inputs) {
    TorchRuntime.prepareThread();
    NDList list = new NDList();
    NDArray selector = owner.create(new Shape(1), DataType.FLOAT32);
    try {
      // DJL's route with gradients builds lists and picks the method from array names.
      for (NDArray weight : weights) {
        weight.setName("weights[]");
        list.add(weight);
      }
      for (int i = 0; i < inputs.length; i++) {
        inputs[i].setName("input" + i);
        list.add(inputs[i]);
      }
      selector.setName("module_method:" + method);
      list.add(selector);
      NDList result = IValueUtils.forward(block, list, true);
      for (NDArray array : result) {
        array.attach(owner);
      }
      return List.copyOf(result);
    } catch (RuntimeException e) {
      throw failed(method, e);
    } finally {
      selector.close();
    }
  }

  private static TorchScriptException failed(String method, RuntimeException e) {
    return new TorchScriptException(
        "TorchScript method " + method + " failed: " + e.getMessage(), e);
  }

  @Override
  public void close() {
    if (!open.compareAndSet(true, false)) {
      return;
    }
    synchronized (SHARED) {
      compiled.owners--;
      if (compiled.owners > 0) {
        return;
      }
      SHARED.values().removeIf(compiled::equals);
    }
    block.close();
    compiled.manager.close();
  }
}
