package dev.unmask.model.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.torch.TorchScriptModule;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One pass over one batch: body, head, and back again. Head and cross-entropy run on some slots at
 * a time, and their gradients are taken at once, so that logits {@code [slots, vocabulary]} never
 * exist as a whole. Same thread as its model.
 *
 * @param layered when not null, how gradients are computed layer by layer
 */
record LossPass(
    TorchScriptModule module,
    List<NDArray> weights,
    ModelConfig config,
    boolean headLearns,
    NDArray cosines,
    NDArray sines,
    @Nullable LayerWise layered) {

  /** Bytes of the logits of a part whose head is frozen. More is slower too: pages are touched. */
  private static final long FROZEN_PART = 16L << 20;

  /** The same where the head learns: each part then adds to a gradient as large as the head. */
  private static final long LEARNING_PART = 64L << 20;

  /** A batch as tensors. */
  private record Inputs(
      NDArray ids, NDArray rows, NDArray positions, NDArray runs, NDArray targets, NDArray scale) {

    static Inputs of(NDManager scope, MaskedBatch batch, int shift) {
      return new Inputs(
          scope.create(batch.ids()),
          scope.create(batch.predicting(shift)),
          scope.create(batch.positions()),
          scope.create(batch.runs()),
          scope.create(batch.targets()),
          scope.create(batch.weights()));
    }
  }

  /** The loss alone. */
  LossValue loss(NDManager scope, MaskedBatch batch, NDArray control) {
    Inputs in = Inputs.of(scope, batch, config.logitShift());
    TorchRuntime.recordGradients(false);
    return head(scope, body(scope, in, control), in, batch.slots().length, false);
  }

  /** The loss, whose gradients are added to those that are there. */
  LossValue lossAndGradients(NDManager scope, MaskedBatch batch, NDArray control) {
    Inputs in = Inputs.of(scope, batch, config.logitShift());
    int slots = batch.slots().length;
    try {
      if (layered != null) {
        return layered.lossAndGradients(
            scope,
            in.ids(),
            in.rows(),
            new NDArray[] {in.positions(), in.runs(), cosines, sines, control},
            rows -> head(scope, rows, in, slots, true));
      }
      TorchRuntime.recordGradients(true);
      NDArray rows = body(scope, in, control);
      NDArray leaf = leaf(rows);
      LossValue value = head(scope, leaf, in, slots, true);
      try (NDArray gradient = leaf.getGradient()) {
        backward(rows, gradient);
      }
      return value;
    } finally {
      TorchRuntime.recordGradients(false);
    }
  }

  /** Cross-entropy and verdict of each slot. */
  SlotScores scores(NDManager scope, MaskedBatch batch, NDArray control) {
    Inputs in = Inputs.of(scope, batch, config.logitShift());
    TorchRuntime.recordGradients(false);
    NDArray rows = body(scope, in, control);
    int slots = batch.slots().length;
    float[] crossEntropy = new float[slots];
    boolean[] right = new boolean[slots];
    for (long[] part : parts(slots)) {
      int from = (int) part[0];
      try (NDManager inner = scope.newSubManager()) {
        List<NDArray> judged =
            module.callRecorded(inner, "judge", weights, rows, in.targets(), inner.create(part));
        float[] nats = judged.get(0).toFloatArray();
        float[] likeliest = judged.get(1).toFloatArray();
        System.arraycopy(nats, 0, crossEntropy, from, nats.length);
        for (int i = 0; i < likeliest.length; i++) {
          right[from + i] = likeliest[i] > 0;
        }
      }
    }
    return new SlotScores(crossEntropy, right);
  }

  private NDArray body(NDManager scope, Inputs in, NDArray control) {
    return module
        .callRecorded(
            scope,
            "body",
            weights,
            in.ids(),
            in.rows(),
            in.positions(),
            in.runs(),
            cosines,
            sines,
            control)
        .get(0);
  }

  /** Head and loss, part by part; with gradients they end in {@code rows}, a leaf. */
  private LossValue head(
      NDManager scope, NDArray rows, Inputs in, int slots, boolean withGradients) {
    double loss = 0;
    double crossEntropy = 0;
    for (long[] part : parts(slots)) {
      try (NDManager inner = scope.newSubManager()) {
        List<NDArray> result =
            module.callRecorded(
                inner, "leave", weights, rows, in.targets(), in.scale(), inner.create(part));
        if (withGradients) {
          backward(result.get(0), inner.create(1f));
        }
        loss += result.get(0).getFloat();
        crossEntropy += result.get(1).getFloat();
      }
    }
    return new LossValue(loss, crossEntropy, slots);
  }

  /** Begin and number of the slots of each part; one empty part where there are none. */
  private List<long[]> parts(int slots) {
    long bytes = headLearns ? LEARNING_PART : FROZEN_PART;
    long most = Math.max(1, bytes / Float.BYTES / config.embeddingSize());
    long count = Math.max(1, (slots + most - 1) / most);
    List<long[]> parts = new ArrayList<>();
    for (long i = 0; i < count; i++) {
      long from = slots * i / count;
      parts.add(new long[] {from, slots * (i + 1) / count - from});
    }
    return parts;
  }

  /** The same numbers without what they were computed from; gradients end here. */
  static NDArray leaf(NDArray computed) {
    NDArray leaf = computed.stopGradient();
    leaf.setRequiresGradient(true);
    return leaf;
  }

  /** Directly, because DJL allows a single GradientCollector per JVM. */
  static void backward(NDArray output, NDArray gradient) {
    JniUtils.backward((PtNDArray) output, (PtNDArray) gradient, false, false);
  }
}
