package dev.unmask.model.oracle;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.Shape;
import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.safetensors.SafetensorsDirectory;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.transformer.KeyValueCache;
import dev.unmask.model.transformer.MaskPredictor;
import dev.unmask.model.transformer.PackedBatch;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * The family's forward pass composed of NDArray operations, sequence by sequence, looking weights
 * up by their checkpoint names. It shares neither text nor packing nor the table of names with the
 * real network.
 */
public final class OraclePredictor implements MaskPredictor, AutoCloseable {

  private final ModelConfig config;
  private final NDManager manager = TorchRuntime.newManager();
  private final Map<String, NDArray> weights = new HashMap<>();

  private OraclePredictor(ModelConfig config) {
    this.config = config;
  }

  /** Loads all weights of {@code folder} as float32 arrays of its own. */
  public static OraclePredictor load(Path folder, ModelConfig config) throws InvalidModelException {
    OraclePredictor oracle = new OraclePredictor(config);
    SafetensorsDirectory.open(folder)
        .tensors()
        .forEach((name, tensor) ->
            oracle.weights.put(
                name, oracle.manager.create(tensor.toFloats(), new Shape(tensor.shape()))));
    return oracle;
  }

  @Override
  public ModelConfig config() {
    return config;
  }

  @Override
  public NDArray states(NDManager owner, PackedBatch batch) {
    // Recording for autograd is on by default in every Java thread.
    TorchRuntime.recordGradients(false);
    NDArray result;
    try (NDScope scope = new NDScope()) {
      scope.suppressNotUsedWarning();
      NDList sequences = new NDList();
      for (PackedBatch.Segment segment : batch.segments()) {
        sequences.add(sequence(segment));
      }
      NDArray all = NDArrays.concat(sequences);
      result = all.get(manager.create(batch.rows(config.logitShift())));
      NDScope.unregister(result);
    }
    result.attach(owner);
    return result;
  }

  @Override
  public NDArray head(NDManager owner, NDArray states) {
    TorchRuntime.recordGradients(false);
    NDArray result;
    try (NDScope scope = new NDScope()) {
      scope.suppressNotUsedWarning();
      result = linear(norm(states, weight("ln_f")), config.tiedHead() ? "wte" : "head");
      NDScope.unregister(result);
    }
    result.attach(owner);
    return result;
  }

  @Override
  public KeyValueCache newCache(int length) {
    return new OracleCache(config, length);
  }

  /** States {@code [length, width]} of one stretch of a row behind the last block. */
  private NDArray sequence(PackedBatch.Segment segment) {
    int from = segment.from();
    NDArray x = weight("wte").get(manager.create(segment.ids()));
    for (int layer = 0; layer < config.layers(); layer++) {
      String block = "blocks." + layer + ".";
      NDArray a = norm(x, weight(block + "attn_norm"));
      NDArray q = heads(biased(a, block + "q_proj"), config.heads());
      NDArray k = heads(biased(a, block + "k_proj"), config.kvHeads());
      NDArray v = heads(biased(a, block + "v_proj"), config.kvHeads());
      k = rotate(k, from);
      if (segment.cache() instanceof OracleCache cache) {
        k = cache.exchange(2 * layer, k, from, segment.keys());
        v = cache.exchange(2 * layer + 1, v, from, segment.keys());
      }
      NDArray mixed = attention(rotate(q, from), k, v, from);
      x = x.add(linear(mixed, block + "attn_out"));
      NDArray m = norm(x, weight(block + "ff_norm"));
      NDArray gate = linear(m, block + "ff_proj");
      NDArray silu = gate.div(gate.neg().exp().add(1));
      x = x.add(linear(silu.mul(linear(m, block + "up_proj")), block + "ff_out"));
    }
    return x;
  }

  private NDArray weight(String name) {
    return stored(name, ".weight");
  }

  private NDArray stored(String name, String kind) {
    String full = OracleNames.of(config.layout(), name) + kind;
    NDArray weight = weights.get(full);
    if (weight == null) {
      throw new IllegalStateException("the oracle misses the weight " + full);
    }
    return weight;
  }

  private NDArray biased(NDArray x, String name) {
    NDArray y = linear(x, name);
    return config.qkvBias() ? y.add(stored(name, ".bias")) : y;
  }

  private NDArray linear(NDArray x, String name) {
    return x.matMul(weight(name).transpose());
  }

  private NDArray norm(NDArray x, NDArray weight) {
    NDArray variance = x.mul(x).mean(new int[] {-1}, true);
    return x.div(variance.add(config.normEpsilon()).sqrt()).mul(weight);
  }

  /** {@code [length, heads * d]} to {@code [heads, length, d]}. */
  private NDArray heads(NDArray x, int heads) {
    return x.reshape(-1, heads, config.headWidth()).transpose(1, 0, 2);
  }

  /** Rotary positions: x * cos + rotate_half(x) * sin with the angles repeated for both halves. */
  private NDArray rotate(NDArray x, int from) {
    int half = config.headWidth() / 2;
    long length = x.getShape().get(1);
    float[] cos = new float[(int) length * half];
    float[] sin = new float[(int) length * half];
    for (int position = 0; position < length; position++) {
      for (int i = 0; i < half; i++) {
        double angle =
            (from + position) * Math.pow(config.ropeTheta(), -2.0 * i / config.headWidth());
        cos[position * half + i] = (float) Math.cos(angle);
        sin[position * half + i] = (float) Math.sin(angle);
      }
    }
    Shape shape = new Shape(1, length, half);
    NDArray c = repeated(manager.create(cos, shape));
    NDArray s = repeated(manager.create(sin, shape));
    NDArray first = x.get(":, :, :" + half);
    NDArray second = x.get(":, :, " + half + ":");
    return x.mul(c).add(second.neg().concat(first, -1).mul(s));
  }

  private static NDArray repeated(NDArray x) {
    return x.concat(x, -1);
  }

  private NDArray attention(NDArray q, NDArray k, NDArray v, int from) {
    int group = config.heads() / config.kvHeads();
    NDArray keys = group == 1 ? k : k.repeat(0, group);
    NDArray values = group == 1 ? v : v.repeat(0, group);
    NDArray scores = q.matMul(keys.transpose(0, 2, 1)).div(Math.sqrt(config.headWidth()));
    NDArray mixed = scores.add(hidden(scores, from)).softmax(-1).matMul(values);
    return mixed.transpose(1, 0, 2).reshape(-1, config.attentionWidth());
  }

  /** {@code [1, queries, keys]}: 0 where a query sees a key, otherwise minus infinity. */
  private NDArray hidden(NDArray scores, int from) {
    int queries = (int) scores.getShape().get(1);
    int keys = (int) scores.getShape().get(2);
    float[] sum = new float[queries * keys];
    for (int i = 0; i < queries; i++) {
      int seen = config.mask().seenFrom(from + i, keys);
      Arrays.fill(sum, i * keys + seen, (i + 1) * keys, Float.NEGATIVE_INFINITY);
    }
    return manager.create(sum, new Shape(1, queries, keys));
  }

  @Override
  public void close() {
    manager.close();
  }
}
