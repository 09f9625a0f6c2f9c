package dev.unmask.model.transformer;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.Layout;
import dev.unmask.model.config.ModelConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * The order of the weights in the {@code List[Tensor]} that every method of {@link TransformerText}
 * takes, with the names that the checkpoint's {@link dev.unmask.model.config.Layout} gives them and
 * their shapes (matrices are {@code [out, in]}): the embedding; per block the nine of {@link
 * #BLOCK} and, where the model has them, the three of {@link #BIASES}; the final norm; the head
 * unless it is tied.
 */
public final class WeightTable {

  /** Index of the first block's first weight. */
  public static final int FIRST_BLOCK = 1;

  /** What a weight does. */
  public enum Role {
    EMBEDDING,
    ATTENTION_NORM,
    QUERY,
    KEY,
    VALUE,
    ATTENTION_OUT,
    MLP_NORM,
    GATE,
    UP,
    DOWN,
    QUERY_BIAS,
    KEY_BIAS,
    VALUE_BIAS,
    FINAL_NORM,
    HEAD;

    /** Whether this is a norm's vector. */
    public boolean isNorm() {
      return this == ATTENTION_NORM || this == MLP_NORM || this == FINAL_NORM;
    }

    /** Whether this is a vector that is added. */
    public boolean isBias() {
      return this == QUERY_BIAS || this == KEY_BIAS || this == VALUE_BIAS;
    }
  }

  /** The weights of every block in order. */
  static final List<Role> BLOCK =
      List.of(
          Role.ATTENTION_NORM,
          Role.QUERY,
          Role.KEY,
          Role.VALUE,
          Role.ATTENTION_OUT,
          Role.MLP_NORM,
          Role.GATE,
          Role.UP,
          Role.DOWN);

  /** What a block of a model with biases has behind them. */
  static final List<Role> BIASES = List.of(Role.QUERY_BIAS, Role.KEY_BIAS, Role.VALUE_BIAS);

  /**
   * One weight.
   *
   * @param layer its block, or -1 outside the blocks
   */
  public record Weight(String name, List<Long> shape, Role role, int layer) {
    /** The shape as an array. */
    public long[] dimensions() {
      return shape.stream().mapToLong(Long::longValue).toArray();
    }

    /** Whether this is a norm's vector. */
    public boolean isNorm() {
      return role.isNorm();
    }

    /** Whether this is a norm's or a bias's vector rather than a matrix. */
    public boolean isVector() {
      return shape.size() == 1;
    }

    /** Whether this is a matrix of a block. */
    public boolean isBlockMatrix() {
      return layer >= 0 && shape.size() == 2;
    }
  }

  private WeightTable() {}

  /** All weights of a model in order. */
  public static List<Weight> of(ModelConfig config) {
    WeightNames names = WeightNames.of(config.layout());
    List<Weight> weights = new ArrayList<>();
    weights.add(weight(config, names, Role.EMBEDDING, -1));
    for (int layer = 0; layer < config.layers(); layer++) {
      for (Role role : BLOCK) {
        weights.add(weight(config, names, role, layer));
      }
      if (config.qkvBias()) {
        for (Role role : BIASES) {
          weights.add(weight(config, names, role, layer));
        }
      }
    }
    weights.add(weight(config, names, Role.FINAL_NORM, -1));
    if (!config.tiedHead()) {
      weights.add(weight(config, names, Role.HEAD, -1));
    }
    return List.copyOf(weights);
  }

  /**
   * The name of a head in the files of a model whose head is tied: some tools write the embedding
   * twice. Empty for a model with a head of its own.
   */
  static Optional<String> copyOfEmbedding(ModelConfig config) {
    return config.tiedHead()
        ? Optional.of(WeightNames.of(config.layout()).of(Role.HEAD, -1))
        : Optional.empty();
  }

  /**
   * Judges at first sight whether tensors can be those of {@code config}, so that a checkpoint of
   * another kind is called by its kind rather than by the first tensor that it lacks.
   *
   * @param names of all tensors in the files
   * @throws InvalidModelException when they belong to a mixture of experts or to another layout
   */
  static void checkKind(ModelConfig config, Collection<String> names) throws InvalidModelException {
    for (String name : names) {
      if (name.contains("expert")) {
        throw new InvalidModelException(
            "the files hold tensors of experts, such as "
                + name
                + "; mixtures of experts are not supported");
      }
    }
    String embedding = WeightNames.of(config.layout()).of(Role.EMBEDDING, -1);
    for (Layout other : Layout.values()) {
      String otherEmbedding = WeightNames.of(other).of(Role.EMBEDDING, -1);
      if (!names.contains(embedding) && names.contains(otherEmbedding)) {
        throw new InvalidModelException(
            "config.json says "
                + config.layout().architecture()
                + ", whose embedding is called "
                + embedding
                + ", but the files hold "
                + otherEmbedding
                + " as "
                + other.architecture()
                + " does");
      }
    }
  }

  /** Weights of one block: the distance between the same weight of neighbouring blocks. */
  public static int perBlock(ModelConfig config) {
    return BLOCK.size() + (config.qkvBias() ? BIASES.size() : 0);
  }

  /** Index of the final norm. */
  public static int finalNorm(ModelConfig config) {
    return FIRST_BLOCK + perBlock(config) * config.layers();
  }

  /** Index of the head's matrix: the embedding itself when it is tied. */
  public static int head(ModelConfig config) {
    return config.tiedHead() ? 0 : finalNorm(config) + 1;
  }

  private static Weight weight(ModelConfig config, WeightNames names, Role role, int layer) {
    long[] shape = shape(config, role);
    return new Weight(names.of(role, layer), Arrays.stream(shape).boxed().toList(), role, layer);
  }

  private static long[] shape(ModelConfig config, Role role) {
    long width = config.width();
    long attention = config.attentionWidth();
    long kv = config.kvWidth();
    long mlp = config.mlpWidth();
    return switch (role) {
      case EMBEDDING, HEAD -> new long[] {config.embeddingSize(), width};
      case ATTENTION_NORM, MLP_NORM, FINAL_NORM -> new long[] {width};
      case QUERY -> new long[] {attention, width};
      case KEY, VALUE -> new long[] {kv, width};
      case ATTENTION_OUT -> new long[] {width, attention};
      case GATE, UP -> new long[] {mlp, width};
      case DOWN -> new long[] {width, mlp};
      case QUERY_BIAS -> new long[] {attention};
      case KEY_BIAS, VALUE_BIAS -> new long[] {kv};
    };
  }
}
