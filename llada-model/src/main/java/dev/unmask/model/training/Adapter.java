package dev.unmask.model.training;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.transformer.WeightTable;
import dev.unmask.model.transformer.WeightTable.Weight;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * What stands beside a frozen base, as tensors behind the base's in the list that the loss text
 * takes.
 */
sealed interface Adapter {

  /** The tensors in order. */
  List<Tensor> tensors();

  /**
   * One tensor of an adapter.
   *
   * @param name as PEFT writes it
   * @param target the matrix that it changes; null for a prompt
   */
  record Tensor(String name, List<Long> shape, @Nullable Weight target) {}

  /**
   * The adapter of a method; null when all weights learn.
   *
   * @throws InvalidModelException when the method does not fit the model
   */
  static @Nullable Adapter of(ModelConfig config, Method method) throws InvalidModelException {
    return switch (method) {
      case Method.Full full -> null;
      case Method.Lora lora -> LowRank.of(config, lora);
      case Method.PromptTuning prompt -> SoftPrompt.of(config, prompt);
      case Method.Preference preference -> of(config, preference.trained());
    };
  }

  /** The lowest layer that has something that learns in it or below it. */
  default int firstLayer() {
    return 0;
  }

  /** Where a new adapter begins; {@code seed} decides what is drawn. */
  float[] initial(int index, long seed, Embeddings embeddings) throws InvalidModelException;

  /** No tensors: a frozen model, which is only asked. */
  record Nothing() implements Adapter {
    @Override
    public List<Tensor> tensors() {
      return List.of();
    }

    @Override
    public float[] initial(int index, long seed, Embeddings embeddings) {
      throw new IllegalStateException("there is no tensor " + index);
    }
  }

  /** Rows of the base's embedding. */
  @FunctionalInterface
  interface Embeddings {
    float[] all() throws InvalidModelException;
  }

  /** A and B of each target, A first. */
  record LowRank(Method.Lora method, List<Weight> targets, List<Tensor> tensors)
      implements Adapter {

    static LowRank of(ModelConfig config, Method.Lora method) throws InvalidModelException {
      List<Weight> targets = LoraTargets.of(config, method.targets());
      List<Tensor> tensors = new ArrayList<>();
      for (Weight target : targets) {
        long rank = method.rank();
        long out = target.shape().get(0);
        long in = target.shape().get(1);
        String prefix = PeftNames.PREFIX + LoraTargets.module(target);
        tensors.add(new Tensor(prefix + PeftNames.A, List.of(rank, in), target));
        tensors.add(new Tensor(prefix + PeftNames.B, List.of(out, rank), target));
      }
      return new LowRank(method, targets, List.copyOf(tensors));
    }

    @Override
    public int firstLayer() {
      return targets.stream().mapToInt(Weight::layer).min().orElse(0);
    }

    /**
     * A as PEFT draws it: Kaiming's uniform law with a = sqrt(5), which is the uniform law within
     * one over the root of the input's width. B is zero, so that a new adapter changes nothing.
     */
    @Override
    public float[] initial(int index, long seed, Embeddings embeddings) {
      Tensor tensor = tensors.get(index);
      float[] values =
          new float[Math.toIntExact(tensor.shape().stream().reduce(1L, Math::multiplyExact))];
      if (index % 2 == 0) {
        double bound = 1 / Math.sqrt((double) tensor.shape().get(1));
        SplittableRandom random = new SplittableRandom(seed * 1_000_003 + index);
        for (int i = 0; i < values.length; i++) {
          values[i] = (float) (bound * (2 * random.nextDouble() - 1));
        }
      }
      return values;
    }

    /**
     * For each layer and each of {@link LoraTargets#ROLES} the place of A in the list that holds
     * the base's {@code weights} tensors and then these; -1 where there is no adapter.
     */
    int[] places(ModelConfig config) {
      int roles = LoraTargets.ROLES.size();
      int[] places = new int[config.layers() * roles];
      Arrays.fill(places, -1);
      int weights = WeightTable.of(config).size();
      for (int i = 0; i < targets.size(); i++) {
        Weight target = targets.get(i);
        places[target.layer() * roles + LoraTargets.ROLES.indexOf(target.role())] = weights + 2 * i;
      }
      return places;
    }
  }

  /** One matrix of vectors. */
  record SoftPrompt(int virtualTokens, List<Tensor> tensors) implements Adapter {

    static SoftPrompt of(ModelConfig config, Method.PromptTuning method)
        throws InvalidModelException {
      if (method.virtualTokens() >= config.contextLength()) {
        throw new InvalidModelException(
            method.virtualTokens()
                + " virtual tokens leave no room in a context of "
                + config.contextLength()
                + " positions");
      }
      return new SoftPrompt(
          method.virtualTokens(),
          List.of(
              new Tensor(
                  PeftNames.PROMPT,
                  List.of((long) method.virtualTokens(), (long) config.width()),
                  null)));
    }

    /** Vectors of words drawn from the vocabulary, the start that Lester et al. found best. */
    @Override
    public float[] initial(int index, long seed, Embeddings embeddings)
        throws InvalidModelException {
      float[] all = embeddings.all();
      int width = Math.toIntExact(tensors.get(0).shape().get(1));
      SplittableRandom random = new SplittableRandom(seed);
      float[] values = new float[virtualTokens * width];
      for (int i = 0; i < virtualTokens; i++) {
        int word = random.nextInt(all.length / width);
        System.arraycopy(all, word * width, values, i * width, width);
      }
      return values;
    }
  }
}
