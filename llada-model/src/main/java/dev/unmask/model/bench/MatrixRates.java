package dev.unmask.model.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.torch.Argument;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.torch.TorchScriptException;
import dev.unmask.model.torch.TorchScriptModule;
import dev.unmask.model.transformer.Precision;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The matrices of a model's step, with random numbers: what {@link StepProducts} multiplies. Query,
 * key and value are one matrix, and so are gate and up.
 */
final class MatrixRates implements AutoCloseable {

  /** Bytes of blocks that no cache of a processor holds. */
  private static final long ENOUGH_BYTES = 600L << 20;

  private static final int BFLOAT16 = 15;
  private static final int FLOAT32 = 6;
  private static final float DEVIATION = 0.05f;

  private final ModelConfig config;
  private final int type;
  private final NDManager manager = TorchRuntime.newManager();
  private final TorchScriptModule caster = TorchScriptModule.compile(ProductText.PLAIN.text());
  private final List<NDArray> matrices = new ArrayList<>();
  private final int blocks;

  MatrixRates(ModelConfig config, Precision precision) {
    this.config = config;
    this.type = precision.resolved() == Precision.BF16 ? BFLOAT16 : FLOAT32;
    long perBlock = shapes().stream().mapToLong(shape -> shape.size() * Float.BYTES).sum();
    this.blocks =
        (int)
            Math.min(config.layers(), Math.max(StepProducts.LEAST_BLOCKS, ENOUGH_BYTES / perBlock));
    for (int block = 0; block < blocks; block++) {
      for (Shape shape : shapes()) {
        matrices.add(random(manager, shape));
      }
    }
    matrices.add(random(manager, new Shape(config.embeddingSize(), config.width())));
  }

  private List<Shape> shapes() {
    long width = config.width();
    return List.of(
        new Shape(config.attentionWidth() + 2L * config.kvWidth(), width),
        new Shape(width, config.attentionWidth()),
        new Shape(2L * config.mlpWidth(), width),
        new Shape(width, config.mlpWidth()));
  }

  ModelConfig config() {
    return config;
  }

  /** Four a block, and the head's. */
  List<NDArray> matrices() {
    return matrices;
  }

  /** How many blocks there are here: all of the model's, or as many as no cache holds. */
  int blocks() {
    return blocks;
  }

  /** Random numbers in the compute type. */
  NDArray random(NDManager owner, Shape shape) {
    try (NDManager passing = owner.newSubManager()) {
      NDArray made = passing.randomNormal(0, DEVIATION, shape, DataType.FLOAT32);
      if (type == FLOAT32) {
        made.attach(owner);
        return made;
      }
      return caster.callOne(owner, "cast", Argument.of(made), Argument.of((long) type));
    }
  }

  /**
   * The products of a step; empty when the library cannot make them this way.
   *
   * @param rows of the blocks' products
   * @param headRows of the head's
   */
  Optional<StepProducts> at(ProductText kind, int rows, int headRows) {
    if (kind == ProductText.MKL && type != FLOAT32) {
      return Optional.empty();
    }
    try {
      return Optional.of(new StepProducts(this, kind, manager.newSubManager(), rows, headRows));
    } catch (TorchScriptException e) {
      String why = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
      System.err.println("bench: no " + kind + " products here: " + why);
      return Optional.empty();
    }
  }

  @Override
  public void close() {
    caster.close();
    manager.close();
  }
}
