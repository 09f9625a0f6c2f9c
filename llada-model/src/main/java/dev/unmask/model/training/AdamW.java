package dev.unmask.model.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.unmask.model.InvalidModelException;
import dev.unmask.model.safetensors.ElementType;
import dev.unmask.model.safetensors.SafetensorsWriter;
import dev.unmask.model.torch.Argument;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.torch.TorchScriptModule;
import java.util.ArrayList;
import java.util.List;

/**
 * AdamW with decoupled decay (Loshchilov and Hutter, arXiv 1711.05101) behind clipping by the
 * global norm, as PyTorch's {@code AdamW} and {@code clip_grad_norm_} compute them. The update is
 * libtorch's fused kernel: one pass over each tensor. Only the model's {@link
 * TrainableModel#trained} tensors have moments. Same thread as its model.
 */
public final class AdamW implements AutoCloseable {

  /**
   * The constants of the method.
   *
   * @param clipNorm gradients with a larger global norm are scaled down to it
   * @param decayNorms whether the vectors of norms and biases decay as well, as in LLaDA's own
   *     training
   */
  public record Settings(
      double beta1,
      double beta2,
      double epsilon,
      double weightDecay,
      double clipNorm,
      boolean decayNorms) {

    /** The values used here by default: betas 0.9 and 0.95, decay 0.1, clipping at 1. */
    public static final Settings DEFAULT = new Settings(0.9, 0.95, 1e-8, 0.1, 1.0, false);
  }

  private static final String TEXT =
      """
        def norm(self: __torch__.M, g: List[Tensor]) -> Tensor:
          return torch.linalg_vector_norm(torch.stack(torch._foreach_norm(g, 2), 0), 2, None, False, dtype=None)
        def update(self: __torch__.M, w: List[Tensor], g: List[Tensor], m: List[Tensor], v: List[Tensor], t: List[Tensor], scale: Tensor, lr: float, beta1: float, beta2: float, eps: float, decay: float) -> Tensor:
          none = annotate(List[Tensor], [])
          torch._foreach_add_(t, 1)
          torch._fused_adamw_(w, g, m, v, none, t, lr=lr, beta1=beta1, beta2=beta2, weight_decay=decay, eps=eps, amsgrad=False, maximize=False, grad_scale=scale, found_inf=None)
          return scale
        def clear(self: __torch__.M, g: List[Tensor]) -> Tensor:
          torch._foreach_zero_(g)
          return g[0]
      """;

  /** The small number that PyTorch's clip_grad_norm_ adds to the norm. */
  private static final double CLIP_EPSILON = 1e-6;

  /** Tensors that share a decay. */
  private record Group(
      List<Integer> members,
      List<NDArray> first,
      List<NDArray> second,
      List<NDArray> stepCounts,
      double decay) {}

  private final TrainableModel model;
  private final Settings settings;
  private final NDManager manager = TorchRuntime.newManager();
  private final TorchScriptModule module = TorchScriptModule.compile(TEXT);
  private final List<NDArray> first = new ArrayList<>();
  private final List<NDArray> second = new ArrayList<>();
  private final List<Group> groups;
  private long steps;

  /** Begins with empty moments. */
  public AdamW(TrainableModel model, Settings settings) {
    this.model = model;
    this.settings = settings;
    for (TrainedTensor tensor : model.trained()) {
      Shape shape = new Shape(tensor.dimensions());
      first.add(manager.zeros(shape, DataType.FLOAT32));
      second.add(manager.zeros(shape, DataType.FLOAT32));
    }
    this.groups = groups();
  }

  /**
   * Goes on from a state.
   *
   * @throws InvalidModelException when its moments do not fit the model
   */
  public static AdamW resume(TrainableModel model, Settings settings, TrainingState state)
      throws InvalidModelException {
    AdamW optimizer = new AdamW(model, settings);
    try {
      for (int i = 0; i < model.trained().size(); i++) {
        TrainedTensor tensor = model.trained().get(i);
        optimizer
            .first
            .get(i)
            .set(
                TrainingState.values(
                    state.tensors(), TrainingState.FIRST_MOMENT + tensor.name(), tensor.shape()));
        optimizer
            .second
            .get(i)
            .set(
                TrainingState.values(
                    state.tensors(), TrainingState.SECOND_MOMENT + tensor.name(), tensor.shape()));
      }
      optimizer.setSteps(state.optimizerSteps());
      return optimizer;
    } catch (InvalidModelException | RuntimeException e) {
      optimizer.close();
      throw e;
    }
  }

  /** Updates made so far. */
  public long steps() {
    return steps;
  }

  /**
   * The global norm of the gradients as they stand, before clipping. Not finite when any gradient
   * is not: then do not {@link #step}.
   */
  public double gradientNorm() {
    List<NDArray> gradients = gradients();
    try (NDManager scope = manager.newSubManager()) {
      return module.callOne(scope, "norm", Argument.of(gradients)).getFloat();
    } finally {
      gradients.forEach(NDArray::close);
    }
  }

  /**
   * Clips, updates the weights and clears the gradients.
   *
   * @param gradientNorm what {@link #gradientNorm} returned for these gradients
   * @throws IllegalArgumentException when the norm is not finite; the weights are untouched
   */
  public void step(double learningRate, double gradientNorm) {
    if (!Double.isFinite(gradientNorm)) {
      throw new IllegalArgumentException("the gradient's norm is " + gradientNorm);
    }
    List<NDArray> gradients = gradients();
    try (NDManager scope = manager.newSubManager()) {
      double divisor = Math.max((gradientNorm + CLIP_EPSILON) / settings.clipNorm(), 1);
      NDArray scale = scope.create((float) divisor);
      for (Group group : groups) {
        module.callOne(
            scope,
            "update",
            Argument.of(group.members().stream().map(i -> model.trained().get(i).array()).toList()),
            Argument.of(select(gradients, group.members())),
            Argument.of(group.first()),
            Argument.of(group.second()),
            Argument.of(group.stepCounts()),
            Argument.of(scale),
            Argument.of(learningRate),
            Argument.of(settings.beta1()),
            Argument.of(settings.beta2()),
            Argument.of(settings.epsilon()),
            Argument.of(group.decay()));
      }
      module.callOne(scope, "clear", Argument.of(gradients));
      steps++;
    } finally {
      gradients.forEach(NDArray::close);
    }
  }

  void addTo(SafetensorsWriter writer) {
    for (int i = 0; i < model.trained().size(); i++) {
      TrainedTensor tensor = model.trained().get(i);
      NDArray m = first.get(i);
      NDArray v = second.get(i);
      writer.add(
          TrainingState.FIRST_MOMENT + tensor.name(),
          ElementType.F32,
          tensor.dimensions(),
          () -> m.toFloatArray());
      writer.add(
          TrainingState.SECOND_MOMENT + tensor.name(),
          ElementType.F32,
          tensor.dimensions(),
          () -> v.toFloatArray());
    }
  }

  private List<Group> groups() {
    List<Integer> decayed = new ArrayList<>();
    List<Integer> kept = new ArrayList<>();
    for (int i = 0; i < model.trained().size(); i++) {
      (model.trained().get(i).isVector() && !settings.decayNorms() ? kept : decayed).add(i);
    }
    List<Group> made = new ArrayList<>();
    made.add(group(decayed, settings.weightDecay()));
    if (!kept.isEmpty()) {
      made.add(group(kept, 0));
    }
    return List.copyOf(made);
  }

  private Group group(List<Integer> members, double decay) {
    // The kernel reads the step number from a tensor for each weight.
    List<NDArray> counts =
        members.stream().map(i -> manager.zeros(new Shape(), DataType.FLOAT32)).toList();
    return new Group(members, select(first, members), select(second, members), counts, decay);
  }

  private void setSteps(long value) {
    steps = value;
    for (Group group : groups) {
      group.stepCounts().forEach(count -> count.addi(value));
    }
  }

  private List<NDArray> gradients() {
    return model.trained().stream().map(tensor -> tensor.array().getGradient()).toList();
  }

  private static List<NDArray> select(List<NDArray> arrays, List<Integer> members) {
    return members.stream().map(arrays::get).toList();
  }

  @Override
  public void close() {
    module.close();
    manager.close();
  }
}
