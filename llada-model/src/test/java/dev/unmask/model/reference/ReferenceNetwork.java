package dev.unmask.model.reference;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * LLaDA's family in float64. Equations: RMSNorm; queries, keys and values with or without biases;
 * half-split rotary positions; grouped heads; softmax over the keys that the mask shows; SiLU-gated
 * MLP; final norm and head; logits shifted where the layout says so.
 */
public final class ReferenceNetwork {

  /** Keys (rotated) and values of a row, {@code [layer][position][kv head * head width]}. */
  public static final class Cache {
    private final double[][][] keys;
    private final double[][][] values;

    private Cache(int layers, int length) {
      keys = new double[layers][length][];
      values = new double[layers][length][];
    }
  }

  private final boolean llama;
  private final Map<String, double[]> tensors;
  private final int width;
  private final int layers;
  private final int heads;
  private final int kvHeads;
  private final int headWidth;
  private final int embedding;
  private final boolean tied;
  private final boolean biases;
  private final double theta;
  private final double epsilon;
  private final int shift;

  /** 0: every key is seen; b: keys of own and earlier blocks of b positions. */
  private final int maskBlock;

  private ReferenceNetwork(JsonNode config, Map<String, double[]> tensors) {
    String architecture = config.path("architectures").path(0).asText();
    this.tensors = tensors;
    llama = architecture.equals("DreamModel") || architecture.startsWith("ILLaDA");
    width = config.path(llama ? "hidden_size" : "d_model").asInt();
    layers = config.path(llama ? "num_hidden_layers" : "n_layers").asInt();
    heads = config.path(llama ? "num_attention_heads" : "n_heads").asInt();
    kvHeads = config.path(llama ? "num_key_value_heads" : "n_kv_heads").asInt();
    headWidth = config.path("head_dim").asInt(width / heads);
    embedding = config.path(llama ? "vocab_size" : "embedding_size").asInt();
    tied = config.path(llama ? "tie_word_embeddings" : "weight_tying").asBoolean();
    biases = architecture.equals("DreamModel");
    theta = config.path("rope_theta").asDouble();
    epsilon = config.path("rms_norm_eps").asDouble();
    boolean next = architecture.equals("UnmaskAutoregressiveLM");
    shift = next || architecture.equals("DreamModel") ? 1 : 0;
    maskBlock = next ? 1 : config.path("block_length").asInt(0);
  }

  /** Reads config.json and every safetensors file of {@code folder}. */
  public static ReferenceNetwork load(Path folder) throws IOException {
    JsonNode config = new ObjectMapper().readTree(folder.resolve("config.json").toFile());
    return new ReferenceNetwork(config, ReferenceFiles.read(folder));
  }

  /** An empty cache of a row. */
  public Cache newCache(int length) {
    return new Cache(layers, length);
  }

  /** Adds to one number of a tensor, for differences that stand for gradients. */
  public void nudge(String name, int index, double by) {
    Objects.requireNonNull(tensors.get(name), name)[index] += by;
  }

  /** Names of all tensors. */
  public Set<String> names() {
    return tensors.keySet();
  }

  /** Columns of the logits. */
  public int columns() {
    return embedding;
  }

  /** Logits {@code [slots][columns]} of a whole row; index i is the prediction for slot i. */
  public double[][] logits(int[] ids) {
    return logits(ids, 0, null, ids.length);
  }

  /**
   * Logits of a stretch {@code [from, from + ids.length)} of a row, whose keys and values are put
   * into the cache, attending to positions {@code [0, keys)} of it. With a shift, slot {@code from}
   * of a stretch that begins later than 0 is not predicted: its place holds nothing of use.
   */
  public double[][] logits(int[] ids, int from, @Nullable Cache given, int keys) {
    double[][] rows = rows(ids, from, given == null ? newCache(ids.length) : given, keys);
    double[][] predictions = new double[ids.length][];
    for (int i = 0; i < ids.length; i++) {
      predictions[i] = rows[Math.max(0, i - shift)];
    }
    return predictions;
  }

  /** What the head gives at each position of a whole row, before any shift. */
  public double[][] unshifted(int[] ids) {
    return rows(ids, 0, newCache(ids.length), ids.length);
  }

  private double[][] rows(int[] ids, int from, Cache cache, int keys) {
    double[][] x = new double[ids.length][];
    double[] embeddings = tensor(llama ? "model.embed_tokens" : "model.transformer.wte", "weight");
    for (int i = 0; i < ids.length; i++) {
      x[i] = Arrays.copyOfRange(embeddings, ids[i] * width, (ids[i] + 1) * width);
    }
    for (int layer = 0; layer < layers; layer++) {
      attention(x, layer, from, cache, keys);
      mlp(x, layer);
    }
    double[][] rows = new double[ids.length][];
    double[] norm = tensor(llama ? "model.norm" : "model.transformer.ln_f", "weight");
    double[] head =
        tied ? embeddings : tensor(llama ? "lm_head" : "model.transformer.ff_out", "weight");
    for (int i = 0; i < ids.length; i++) {
      rows[i] = product(head, normalised(x[i], norm));
    }
    return rows;
  }

  private void attention(double[][] x, int layer, int from, Cache cache, int keys) {
    double[][] queries = new double[x.length][];
    double[] norm = block(layer, "attn_norm", "input_layernorm");
    for (int i = 0; i < x.length; i++) {
      double[] a = normalised(x[i], norm);
      queries[i] = rotated(projected(layer, "q_proj", a), from + i);
      cache.keys[layer][from + i] = rotated(projected(layer, "k_proj", a), from + i);
      cache.values[layer][from + i] = projected(layer, "v_proj", a);
    }
    double[] out = block(layer, "attn_out", "self_attn.o_proj");
    for (int i = 0; i < x.length; i++) {
      add(x[i], product(out, mixed(queries[i], cache, layer, seen(from + i, keys))));
    }
  }

  /** How many keys a position sees: the allowed ones come first. */
  private int seen(int position, int keys) {
    return maskBlock == 0 ? keys : Math.min(keys, (position / maskBlock + 1) * maskBlock);
  }

  private double[] mixed(double[] query, Cache cache, int layer, int seen) {
    double[] result = new double[heads * headWidth];
    for (int head = 0; head < heads; head++) {
      int q = head * headWidth;
      int kv = head / (heads / kvHeads) * headWidth;
      double[] scores = new double[seen];
      for (int j = 0; j < seen; j++) {
        for (int d = 0; d < headWidth; d++) {
          scores[j] += query[q + d] * cache.keys[layer][j][kv + d];
        }
        scores[j] /= Math.sqrt(headWidth);
      }
      double highest = Arrays.stream(scores).max().orElseThrow();
      double sum = 0;
      for (int j = 0; j < seen; j++) {
        scores[j] = Math.exp(scores[j] - highest);
        sum += scores[j];
      }
      for (int j = 0; j < seen; j++) {
        for (int d = 0; d < headWidth; d++) {
          result[q + d] += scores[j] / sum * cache.values[layer][j][kv + d];
        }
      }
    }
    return result;
  }

  private void mlp(double[][] x, int layer) {
    double[] norm = block(layer, "ff_norm", "post_attention_layernorm");
    double[] gate = block(layer, "ff_proj", "mlp.gate_proj");
    double[] up = block(layer, "up_proj", "mlp.up_proj");
    double[] down = block(layer, "ff_out", "mlp.down_proj");
    for (double[] row : x) {
      double[] m = normalised(row, norm);
      double[] g = product(gate, m);
      double[] u = product(up, m);
      for (int i = 0; i < g.length; i++) {
        g[i] = g[i] / (1 + Math.exp(-g[i])) * u[i];
      }
      add(row, product(down, g));
    }
  }

  private double[] normalised(double[] x, double[] weight) {
    double squares = 0;
    for (double value : x) {
      squares += value * value;
    }
    double scale = 1 / Math.sqrt(squares / x.length + epsilon);
    double[] y = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      y[i] = x[i] * scale * weight[i];
    }
    return y;
  }

  /** Pair (i, i + half) of each head turned by position * theta^(-2i/headWidth). */
  private double[] rotated(double[] x, int position) {
    double[] y = new double[x.length];
    int half = headWidth / 2;
    for (int head = 0; head < x.length; head += headWidth) {
      for (int i = 0; i < half; i++) {
        double angle = position * Math.pow(theta, -2.0 * i / headWidth);
        double a = x[head + i];
        double b = x[head + half + i];
        y[head + i] = a * Math.cos(angle) - b * Math.sin(angle);
        y[head + half + i] = b * Math.cos(angle) + a * Math.sin(angle);
      }
    }
    return y;
  }

  private double[] projected(int layer, String name, double[] x) {
    double[] y = product(block(layer, name, "self_attn." + name), x);
    if (biases) {
      add(y, tensor("model.layers." + layer + ".self_attn." + name, "bias"));
    }
    return y;
  }

  private double[] block(int layer, String llada, String llamas) {
    return llama
        ? tensor("model.layers." + layer + "." + llamas, "weight")
        : tensor("model.transformer.blocks." + layer + "." + llada, "weight");
  }

  private double[] tensor(String name, String kind) {
    double[] tensor = tensors.get(name + "." + kind);
    if (tensor == null) {
      throw new IllegalStateException("the checkpoint has no " + name + "." + kind);
    }
    return tensor;
  }

  /** Matrix {@code [out, in]} times vector. */
  private static double[] product(double[] matrix, double[] x) {
    double[] y = new double[matrix.length / x.length];
    for (int row = 0; row < y.length; row++) {
      for (int i = 0; i < x.length; i++) {
        y[row] += matrix[row * x.length + i] * x[i];
      }
    }
    return y;
  }

  private static void add(double[] to, double[] what) {
    for (int i = 0; i < to.length; i++) {
      to[i] += what[i];
    }
  }
}
