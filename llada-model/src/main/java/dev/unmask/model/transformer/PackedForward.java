package dev.unmask.model.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.torch.Argument;
import dev.unmask.model.torch.TensorList;
import dev.unmask.model.torch.TorchScriptModule;
import dev.unmask.model.transformer.TransformerText.Compute;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** {@link Kernels#PREPACKED}: {@link PackedText} on weights in oneDNN's layout. */
final class PackedForward implements ForwardPath {

  private final ModelConfig config;
  private final NDManager manager;
  private final TorchScriptModule module;
  private final TensorList weights;
  private final NDArray table;
  private final Function<PackedBatch.Segment, NDArray> caches;
  private final AdapterLayout adapters;

  /**
   * Compiles the network and prepares its weights, block by block; each block's own are closed when
   * they are no longer needed, so that one block is in memory twice at a time.
   *
   * @param text {@link PackedText} or {@link QuantisedText}
   * @param compute the type of activations
   * @param adaptedText the same network with adapters
   * @param manager of the model; keeps what is prepared
   * @param plain in the order of {@link WeightTable}; closed by this, save what it keeps
   * @param caches the cache's tensor of a segment, or one without numbers
   */
  PackedForward(
      ModelConfig config,
      String text,
      Compute compute,
      Supplier<String> adaptedText,
      NDManager manager,
      List<NDArray> plain,
      Function<PackedBatch.Segment, NDArray> caches) {
    this.config = config;
    this.manager = manager;
    this.caches = caches;
    this.module = TorchScriptModule.shared(text);
    try {
      List<NDArray> prepared = prepared(plain);
      this.weights = new TensorList(prepared);
      this.table = table();
      this.adapters =
          new AdapterLayout(
              config, compute, this, new LaidOut(config, compute, adaptedText, prepared));
    } catch (RuntimeException e) {
      module.close();
      throw e;
    }
  }

  /** {@code weights} are those of {@link PackedText}. */
  private record LaidOut(
      ModelConfig config, Compute compute, Supplier<String> words, List<NDArray> weights)
      implements AdapterLayout.Form {
    @Override
    public String text() {
      return words.get();
    }

    @Override
    public @Nullable NDArray attentionNorm(int layer) {
      return norm(layer, PackedText.ATTENTION_NORM);
    }

    @Override
    public @Nullable NDArray mlpNorm(int layer) {
      return norm(layer, PackedText.MLP_NORM);
    }

    private @Nullable NDArray norm(int layer, int offset) {
      if (compute != Compute.FLOAT32) {
        return null;
      }
      int one = splitsLast() && layer == config.layers() - 1 ? 1 : 0;
      return weights.get(PackedText.FIRST + layer * PackedText.stride(config) + offset + one);
    }

    @Override
    public boolean splitsLast() {
      return PackedText.splitsLast(config);
    }
  }

  private List<NDArray> prepared(List<NDArray> plain) {
    List<NDArray> packed = new ArrayList<>();
    NDArray embedding = copied(plain.get(0));
    packed.add(embedding);
    packed.add(copied(plain.get(WeightTable.finalNorm(config))));
    packed.add(config.tiedHead() ? embedding : copied(plain.get(WeightTable.head(config))));
    int perBlock = WeightTable.perBlock(config);
    for (int layer = 0; layer < config.layers(); layer++) {
      int first = WeightTable.FIRST_BLOCK + layer * perBlock;
      List<NDArray> block = plain.subList(first, first + perBlock);
      boolean split = layer == config.layers() - 1 && PackedText.splitsLast(config);
      packed.addAll(
          module.call(
              manager,
              "prepare",
              Argument.of(block),
              Argument.of(split),
              Argument.of((long) ChunkPlan.TOKENS)));
      block.forEach(NDArray::close);
    }
    return packed;
  }

  private NDArray copied(NDArray plain) {
    NDArray copy = module.callOne(manager, "copied", Argument.of(plain));
    plain.close();
    return copy;
  }

  /** Cosines and sines of all positions as complex numbers {@code [context, head/2]}. */
  private NDArray table() {
    try (NDManager passing = manager.newSubManager()) {
      List<NDArray> angles =
          module.call(passing, "rope_table", Argument.of((long) config.contextLength()));
      return module.callOne(
          manager, "turn_table", Argument.of(angles.get(0)), Argument.of(angles.get(1)));
    }
  }

  @Override
  public NDArray states(NDManager owner, PackedBatch batch) {
    if (batch.adapted()) {
      return adaptedStates(owner, batch);
    }
    ChunkPlan plan = ChunkPlan.of(batch, config.logitShift());
    try (NDManager inputs = owner.newSubManager()) {
      return module.callOne(
          owner,
          "packed_states",
          Argument.of(weights),
          Argument.of(table),
          Argument.of(inputs.create(plan.ids())),
          Argument.ofInts(batch.starts()),
          Argument.ofInts(batch.lengths()),
          Argument.ofInts(batch.keys()),
          Argument.of(batch.segments().stream().map(caches).toList()),
          Argument.ofInts(plan.ends()),
          Argument.ofInts(plan.sizes()),
          Argument.ofInts(plan.asked()),
          Argument.ofInts(plan.askedSizes()),
          Argument.of(inputs.create(plan.rows())));
    }
  }

  private NDArray adaptedStates(NDManager owner, PackedBatch batch) {
    ChunkPlan plan = ChunkPlan.of(batch, config.logitShift());
    AdapterRanges ranges = AdapterRanges.of(batch, plan.ends());
    try (NDManager inputs = owner.newSubManager()) {
      return adapters
          .forward()
          .callOne(
              owner,
              "adapted_states",
              Argument.of(weights),
              Argument.of(table),
              Argument.of(inputs.create(plan.ids())),
              Argument.ofInts(batch.starts()),
              Argument.ofInts(batch.lengths()),
              Argument.ofInts(batch.keys()),
              Argument.of(batch.segments().stream().map(caches).toList()),
              Argument.ofInts(plan.ends()),
              Argument.ofInts(plan.sizes()),
              Argument.ofInts(plan.asked()),
              Argument.ofInts(plan.askedSizes()),
              Argument.of(inputs.create(plan.rows())),
              adapters.tensors(ranges),
              Argument.ofInts(ranges.ranges()),
              Argument.ofInts(ranges.askedRanges()),
              Argument.ofInts(ranges.firsts()),
              Argument.ofInts(ranges.ends()),
              adapters.vectors(batch));
    }
  }

  @Override
  public LowRankAdapter lowRank(List<LowRankAdapter.Factors> factors, double scale) {
    return adapters.lowRank(factors, scale);
  }

  @Override
  public SoftPrompt prompt(float[] vectors) {
    return adapters.prompt(vectors);
  }

  @Override
  public NDArray head(NDManager owner, NDArray states) {
    return module.callOne(owner, "packed_head", Argument.of(weights), Argument.of(states));
  }

  @Override
  public NDArray newCache(int length) {
    return module.callOne(manager, "new_cache", Argument.of(table), Argument.of((long) length));
  }

  @Override
  public void close() {
    adapters.close();
    weights.close();
    module.close();
  }
}
