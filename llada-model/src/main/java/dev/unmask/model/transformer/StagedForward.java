package dev.unmask.model.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.torch.Argument;
import dev.unmask.model.torch.HostNumbers;
import dev.unmask.model.torch.TensorList;
import dev.unmask.model.torch.TorchScriptModule;
import dev.unmask.model.torch.Transfer;
import dev.unmask.model.transformer.TransformerText.Attention;
import dev.unmask.model.transformer.TransformerText.Compute;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** {@link Kernels#STAGED}: {@link StagedText} on weights of a device. */
final class StagedForward implements ForwardPath {

  private final ModelConfig config;
  private final NDManager manager;
  private final Transfer transfer;
  private final TorchScriptModule module;
  private final TensorList weights;
  private final NDArray cosines;
  private final NDArray sines;
  private final NDArray like;
  private final boolean joins;
  private final Function<PackedBatch.Segment, NDArray> caches;

  /**
   * Compiles the network and joins its matrices, block by block, so that one block is in memory
   * twice at a time.
   *
   * @param manager of the model; keeps what is made
   * @param transfer to the weights' device; closed with this
   * @param plain in the order of {@link WeightTable}, on the device; closed by this
   * @param caches the cache's tensor of a segment, or one without numbers
   */
  StagedForward(
      ModelConfig config,
      Compute type,
      Attention attention,
      NDManager manager,
      Transfer transfer,
      List<NDArray> plain,
      Function<PackedBatch.Segment, NDArray> caches) {
    this.config = config;
    this.manager = manager;
    this.transfer = transfer;
    this.joins = StagedText.joins(config, attention);
    this.caches = caches;
    this.module = TorchScriptModule.shared(StagedText.of(config, type, attention));
    try {
      List<NDArray> joined = joined(plain);
      this.like = joined.get(0);
      this.weights = new TensorList(joined);
      try (NDManager passing = manager.newSubManager()) {
        List<NDArray> tables =
            module.call(passing, "rope_table", Argument.of((long) config.contextLength()));
        this.cosines = transfer.copy(manager, tables.get(0));
        this.sines = transfer.copy(manager, tables.get(1));
      }
    } catch (RuntimeException e) {
      module.close();
      throw e;
    }
  }

  private List<NDArray> joined(List<NDArray> plain) {
    List<NDArray> made = new ArrayList<>();
    made.add(plain.get(0));
    made.add(plain.get(WeightTable.finalNorm(config)));
    made.add(plain.get(WeightTable.head(config)));
    int perBlock = WeightTable.perBlock(config);
    for (int layer = 0; layer < config.layers(); layer++) {
      int first = WeightTable.FIRST_BLOCK + layer * perBlock;
      made.add(plain.get(first));
      made.add(join(plain.subList(first + 1, first + 4)));
      made.add(plain.get(first + 4));
      made.add(plain.get(first + 5));
      made.add(join(plain.subList(first + 6, first + 8)));
      made.add(plain.get(first + 8));
      if (config.qkvBias()) {
        made.add(join(plain.subList(first + 9, first + 12)));
      }
    }
    return made;
  }

  private NDArray join(List<NDArray> parts) {
    NDArray whole = module.callOne(manager, "joined", Argument.of(parts));
    parts.forEach(NDArray::close);
    return whole;
  }

  @Override
  public NDArray states(NDManager owner, PackedBatch batch) {
    try (NDManager inputs = owner.newSubManager()) {
      HostNumbers numbers = new HostNumbers();
      MaskPredictor.PreparedPass pass = prepare(batch, numbers);
      return pass.run(owner, transfer.send(inputs, numbers));
    }
  }

  @Override
  public MaskPredictor.PreparedPass prepare(PackedBatch batch, HostNumbers numbers) {
    StagedPlan plan = StagedPlan.of(batch, config.logitShift(), joins);
    long first = numbers.add(plan.ids());
    var unusedAsTheyFollow = numbers.add(plan.positions()) + numbers.add(plan.rows());
    return (owner, sent) ->
        module.callOne(
            owner,
            "staged_states",
            Argument.of(weights),
            Argument.of(cosines),
            Argument.of(sines),
            Argument.of(sent.wholes()),
            Argument.of(first),
            Argument.of((long) batch.tokens()),
            Argument.of((long) plan.rows().length),
            Argument.ofInts(plan.starts()),
            Argument.ofInts(plan.lengths()),
            Argument.ofInts(plan.keys()),
            Argument.of(plan.segments().stream().map(caches).toList()),
            Argument.ofInts(plan.runs()));
  }

  @Override
  public NDArray head(NDManager owner, NDArray states) {
    return module.callOne(owner, "staged_head", Argument.of(weights), Argument.of(states));
  }

  /** Not reached: the model refuses adapters before. */
  @Override
  public LowRankAdapter lowRank(List<LowRankAdapter.Factors> factors, double scale) {
    throw new UnsupportedOperationException("staged kernels take no adapters");
  }

  /** Not reached: the model refuses adapters before. */
  @Override
  public SoftPrompt prompt(float[] vectors) {
    throw new UnsupportedOperationException("staged kernels take no adapters");
  }

  @Override
  public NDArray newCache(int length) {
    return module.callOne(manager, "new_cache", Argument.of(like), Argument.of((long) length));
  }

  @Override
  public void close() {
    weights.close();
    module.close();
    transfer.close();
  }
}
