package dev.unmask.model.training;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.safetensors.SafetensorsDirectory;
import dev.unmask.model.safetensors.SafetensorsWriter;
import dev.unmask.model.safetensors.StoredTensor;
import dev.unmask.model.transformer.WeightTable;
import dev.unmask.model.transformer.WeightTable.Role;
import dev.unmask.model.transformer.WeightTable.Weight;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Gives a model more blocks. A new block stands behind an old one and is its copy, but what it
 * writes to the residual stream is zero: the grown model says exactly what the old one said, and
 * learns from there (the blocks of LLaMA Pro, arXiv 2401.02415).
 */
public final class GrownFolder {

  /**
   * Where a block of the grown model comes from.
   *
   * @param old the block whose weights it has
   * @param added whether it is new, and writes nothing yet
   */
  record Block(int old, boolean added) {}

  private GrownFolder() {}

  /**
   * Writes config and weights of {@code from} with {@code layers} blocks to the folder {@code
   * into}.
   *
   * @throws InvalidModelException when {@code from} is no model, or has more blocks than that
   */
  public static void write(Path from, int layers, Path into)
      throws InvalidModelException, IOException {
    ModelConfig before = ModelConfig.load(from);
    if (layers < before.layers()) {
      throw new InvalidModelException(
          from + " has " + before.layers() + " blocks; it cannot be grown to " + layers);
    }
    List<Block> blocks = blocks(before.layers(), layers);
    Files.createDirectories(into);
    Path config = from.resolve(ModelConfig.FILE_NAME);
    ObjectMapper json = new ObjectMapper();
    if (!(json.readTree(Files.readString(config)) instanceof ObjectNode root)) {
      throw new InvalidModelException(config + " is not a JSON object");
    }
    Files.writeString(
        into.resolve(ModelConfig.FILE_NAME),
        json.writerWithDefaultPrettyPrinter().writeValueAsString(root.put("n_layers", layers)));
    ModelConfig grown = ModelConfig.load(into);
    if (grown.layers() != layers) {
      throw new InvalidModelException(
          config + " does not say n_layers, so it is not of the layout that can be grown");
    }
    SafetensorsDirectory files = SafetensorsDirectory.open(from);
    SafetensorsWriter writer = new SafetensorsWriter();
    for (Weight weight : WeightTable.of(grown)) {
      boolean inBlock = weight.layer() >= 0;
      Block block = inBlock ? blocks.get(weight.layer()) : new Block(-1, false);
      String old =
          weight.name().replace("blocks." + weight.layer() + ".", "blocks." + block.old() + ".");
      StoredTensor tensor = files.require(old, weight.dimensions());
      boolean silent =
          block.added() && (weight.role() == Role.ATTENTION_OUT || weight.role() == Role.DOWN);
      writer.add(
          weight.name(),
          tensor.type(),
          weight.dimensions(),
          () -> silent ? new float[Math.toIntExact(tensor.size())] : tensor.toFloats());
    }
    writer.write(into.resolve(SafetensorsDirectory.SINGLE_FILE));
  }

  /** The old blocks in order, with the new ones spread among them, each behind its model. */
  static List<Block> blocks(int before, int after) {
    List<Block> blocks = new ArrayList<>();
    for (int old = 0; old < before; old++) {
      blocks.add(new Block(old, false));
      int wanted = (old + 1) * after / before;
      while (blocks.size() < wanted) {
        blocks.add(new Block(old, true));
      }
    }
    return blocks;
  }
}
