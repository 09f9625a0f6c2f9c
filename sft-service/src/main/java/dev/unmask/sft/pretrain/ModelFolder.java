package dev.unmask.sft.pretrain;

import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.safetensors.ElementType;
import dev.unmask.model.safetensors.SafetensorsDirectory;
import dev.unmask.model.training.TrainableModel;
import dev.unmask.store.CheckpointFolders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Writes a model as a Hugging Face folder that any LLaDA loader reads. */
public final class ModelFolder {

  private ModelFolder() {}

  /**
   * Writes config.json and the weights as bfloat16, and copies what does not change with them. Each
   * file is replaced as a whole, so that a reader never sees half of one.
   *
   * @param tokenizer holds the files that are copied: a model's folder or a tokenizer's
   */
  public static void write(Path folder, TrainableModel model, Path tokenizer) throws IOException {
    Files.createDirectories(folder);
    Path config = folder.resolve(ModelConfig.FILE_NAME + ".tmp");
    Files.writeString(config, model.config().toJson("bfloat16"));
    replace(config, folder.resolve(ModelConfig.FILE_NAME));
    for (String name : CheckpointFolders.filesBesideWeights()) {
      Path from = tokenizer.resolve(name);
      if (Files.isRegularFile(from)) {
        Path copy = folder.resolve(name + ".tmp");
        Files.copy(from, copy, StandardCopyOption.REPLACE_EXISTING);
        replace(copy, folder.resolve(name));
      }
    }
    Path weights = folder.resolve(SafetensorsDirectory.SINGLE_FILE + ".tmp");
    try {
      model.write(weights, ElementType.BF16);
    } catch (IOException | RuntimeException e) {
      // On a full disk the half that was written is in the way of everything else.
      Files.deleteIfExists(weights);
      throw e;
    }
    replace(weights, folder.resolve(SafetensorsDirectory.SINGLE_FILE));
  }

  private static void replace(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }
}
