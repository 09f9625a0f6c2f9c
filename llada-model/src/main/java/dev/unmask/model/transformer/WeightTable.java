package dev.unmask.model.transformer;

import dev.unmask.model.config.ModelConfig;
import java.util.ArrayList;
import java.util.List;

/**
 * The order of the weights in the {@code List[Tensor]} that every method of {@link TransformerText}
 * takes, with the names and shapes that LLaDA checkpoints give them (matrices are {@code [out,
 * in]}): the embedding, nine per block, the final norm, and the head unless it is tied.
 */
public final class WeightTable {

  /** Weights of one block. */
  public static final int PER_BLOCK = 9;

  /** Index of the first block's first weight. */
  public static final int FIRST_BLOCK = 1;

  /** One weight. */
  public record Weight(String name, List<Long> shape) {
    /** The shape as an array. */
    public long[] dimensions() {
      return shape.stream().mapToLong(Long::longValue).toArray();
    }

    /** Whether this is a norm's vector rather than a matrix. */
    public boolean isNorm() {
      return shape.size() == 1;
    }
  }

  private WeightTable() {}

  /** All weights of a model in order. */
  public static List<Weight> of(ModelConfig config) {
    long width = config.width();
    long kvWidth = (long) config.kvHeads() * config.headWidth();
    long mlp = config.mlpWidth();
    List<Weight> weights = new ArrayList<>();
    weights.add(weight("model.transformer.wte.weight", config.embeddingSize(), width));
    for (int layer = 0; layer < config.layers(); layer++) {
      String block = "model.transformer.blocks." + layer + ".";
      weights.add(weight(block + "attn_norm.weight", width));
      weights.add(weight(block + "q_proj.weight", width, width));
      weights.add(weight(block + "k_proj.weight", kvWidth, width));
      weights.add(weight(block + "v_proj.weight", kvWidth, width));
      weights.add(weight(block + "attn_out.weight", width, width));
      weights.add(weight(block + "ff_norm.weight", width));
      weights.add(weight(block + "ff_proj.weight", mlp, width));
      weights.add(weight(block + "up_proj.weight", mlp, width));
      weights.add(weight(block + "ff_out.weight", width, mlp));
    }
    weights.add(weight("model.transformer.ln_f.weight", width));
    if (!config.tiedHead()) {
      weights.add(weight("model.transformer.ff_out.weight", config.embeddingSize(), width));
    }
    return List.copyOf(weights);
  }

  /** Index of the final norm. */
  public static int finalNorm(ModelConfig config) {
    return FIRST_BLOCK + PER_BLOCK * config.layers();
  }

  /** Index of the head's matrix: the embedding itself when it is tied. */
  public static int head(ModelConfig config) {
    return config.tiedHead() ? 0 : finalNorm(config) + 1;
  }

  private static Weight weight(String name, long... shape) {
    return new Weight(name, java.util.Arrays.stream(shape).boxed().toList());
  }
}
