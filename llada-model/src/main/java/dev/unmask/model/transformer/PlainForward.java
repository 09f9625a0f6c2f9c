package dev.unmask.model.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.torch.Argument;
import dev.unmask.model.torch.TensorList;
import dev.unmask.model.torch.TorchScriptModule;
import dev.unmask.model.transformer.TransformerText.Attention;
import dev.unmask.model.transformer.TransformerText.Compute;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** {@link Kernels#PLAIN}: {@link TransformerText} on the weights as they are stored. */
final class PlainForward implements ForwardPath {

  private final ModelConfig config;
  private final NDManager manager;
  private final TorchScriptModule module;
  private final TensorList weights;
  private final NDArray cosines;
  private final NDArray sines;
  private final Function<PackedBatch.Segment, NDArray> caches;
  private final AdapterLayout adapters;

  /**
   * Compiles the network.
   *
   * @param manager of the model; keeps the tables
   * @param weights in the order of {@link WeightTable}
   * @param caches the cache's tensor of a segment, or one without numbers
   */
  PlainForward(
      ModelConfig config,
      Compute type,
      Attention attention,
      NDManager manager,
      List<NDArray> weights,
      Function<PackedBatch.Segment, NDArray> caches) {
    this.config = config;
    this.manager = manager;
    this.module = TorchScriptModule.shared(TransformerText.of(config, type, attention));
    this.weights = new TensorList(weights);
    List<NDArray> tables =
        module.call(manager, "rope_table", Argument.of((long) config.contextLength()));
    this.cosines = tables.get(0);
    this.sines = tables.get(1);
    this.caches = caches;
    this.adapters = new AdapterLayout(config, type, this, new AsStored(config, type, attention));
  }

  private record AsStored(ModelConfig config, Compute type, Attention attention)
      implements AdapterLayout.Form {
    @Override
    public String text() {
      return AdaptedText.plain(config, type, attention);
    }

    @Override
    public @Nullable NDArray attentionNorm(int layer) {
      return null;
    }

    @Override
    public @Nullable NDArray mlpNorm(int layer) {
      return null;
    }

    @Override
    public boolean splitsLast() {
      return false;
    }
  }

  @Override
  public NDArray states(NDManager owner, PackedBatch batch) {
    if (batch.adapted()) {
      return adaptedStates(owner, batch);
    }
    try (NDManager inputs = owner.newSubManager()) {
      return module.callOne(
          owner,
          "states",
          Argument.of(weights),
          Argument.of(inputs.create(batch.ids())),
          Argument.of(cosines),
          Argument.of(sines),
          Argument.ofInts(batch.starts()),
          Argument.ofInts(batch.lengths()),
          Argument.ofInts(batch.keys()),
          Argument.of(batch.segments().stream().map(caches).toList()),
          Argument.of(inputs.create(batch.rows(config.logitShift()))));
    }
  }

  private NDArray adaptedStates(NDManager owner, PackedBatch batch) {
    AdapterRanges ranges = AdapterRanges.of(batch, batch.sequences());
    try (NDManager inputs = owner.newSubManager()) {
      return adapters
          .forward()
          .callOne(
              owner,
              "adapted_states",
              Argument.of(weights),
              Argument.of(inputs.create(batch.ids())),
              Argument.of(cosines),
              Argument.of(sines),
              Argument.ofInts(batch.starts()),
              Argument.ofInts(batch.lengths()),
              Argument.ofInts(batch.keys()),
              Argument.of(batch.segments().stream().map(caches).toList()),
              Argument.of(inputs.create(batch.rows(config.logitShift()))),
              adapters.tensors(ranges),
              Argument.ofInts(ranges.ranges()),
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
    return module.callOne(owner, "head", Argument.of(weights), Argument.of(states));
  }

  @Override
  public NDArray newCache(int length) {
    return module.callOne(manager, "new_cache", Argument.of(cosines), Argument.of((long) length));
  }

  @Override
  public void close() {
    adapters.close();
    weights.close();
    module.close();
  }
}
