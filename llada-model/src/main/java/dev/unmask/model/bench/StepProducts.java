package dev.unmask.model.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.inspect.Costs;
import dev.unmask.model.torch.Argument;
import dev.unmask.model.torch.TensorList;
import dev.unmask.model.torch.TorchScriptModule;
import java.util.ArrayList;
import java.util.List;

/**
 * The products of a step at a number of rows and nothing else, to be timed. With many rows only a
 * few blocks are run and counted for all.
 */
final class StepProducts implements AutoCloseable {

  static final int LEAST_BLOCKS = 2;

  /** Rows times blocks of one timing. */
  private static final int ENOUGH_ROWS = 20_000;

  /** The head's rows are looked at in stretches, as the sampler does. */
  private static final int HEAD_ROWS = 512;

  private final ProductText kind;
  private final NDManager manager;
  private final TorchScriptModule module;
  private final TensorList plain;
  private final TensorList packed;
  private final TensorList packedHead;
  private final NDArray states;
  private final NDArray attended;
  private final NDArray gated;
  private final NDArray headStates;
  private final int blocks;
  private final double blockScale;
  private final double headScale;
  private final double flops;
  private final Stopwatch blockTime = new Stopwatch();
  private final Stopwatch headTime = new Stopwatch();

  /** Packs the matrices for these rows and runs everything once, since that builds kernels. */
  StepProducts(MatrixRates rates, ProductText kind, NDManager owner, int rows, int headRows) {
    ModelConfig config = rates.config();
    this.kind = kind;
    manager = owner;
    module = TorchScriptModule.compile(kind.text());
    blocks = Math.min(rates.blocks(), Math.max(LEAST_BLOCKS, ENOUGH_ROWS / rows));
    int stretch = Math.min(headRows, HEAD_ROWS);
    plain = new TensorList(rates.matrices());
    List<NDArray> ready = new ArrayList<>();
    for (NDArray matrix : rates.matrices().subList(0, 4 * blocks)) {
      ready.add(pack(matrix, rows));
    }
    packed = new TensorList(ready);
    NDArray head = pack(rates.matrices().getLast(), stretch);
    List<NDArray> behind = new ArrayList<>(rates.matrices());
    behind.set(behind.size() - 1, head);
    packedHead = new TensorList(behind);
    states = rates.random(manager, new Shape(rows, config.width()));
    attended = rates.random(manager, new Shape(rows, config.attentionWidth()));
    gated = rates.random(manager, new Shape(rows, config.mlpWidth()));
    headStates = rates.random(manager, new Shape(stretch, config.width()));
    blockScale = (double) config.layers() / blocks;
    headScale = (double) headRows / stretch;
    Costs costs = new Costs(config);
    flops =
        (double) costs.blockFlopsPerToken() * rows + (double) costs.headFlopsPerSlot() * headRows;
    runBlocks();
    runHead();
  }

  private NDArray pack(NDArray matrix, int rows) {
    return module.callOne(manager, "pack", Argument.of(matrix), Argument.of((long) rows));
  }

  /** How they are made. */
  ProductText kind() {
    return kind;
  }

  /** Times everything once more. */
  void round() {
    blockTime.time(this::runBlocks);
    headTime.time(this::runHead);
  }

  /** Floating point operations a second of the best rounds, in 1e9. */
  double gflops() {
    return flops / seconds() / 1e9;
  }

  private double seconds() {
    return blockTime.best() * blockScale + headTime.best() * headScale;
  }

  private void runBlocks() {
    try (NDManager passing = manager.newSubManager()) {
      var unused =
          module.callOne(
              passing,
              "blocks",
              Argument.of(states),
              Argument.of(attended),
              Argument.of(gated),
              Argument.of(plain),
              Argument.of(packed),
              Argument.of((long) blocks));
    }
  }

  private void runHead() {
    try (NDManager passing = manager.newSubManager()) {
      var unused =
          module.callOne(
              passing,
              "head",
              Argument.of(headStates),
              Argument.of(plain),
              Argument.of(packedHead));
    }
  }

  @Override
  public void close() {
    plain.close();
    packed.close();
    packedHead.close();
    module.close();
    manager.close();
  }
}
