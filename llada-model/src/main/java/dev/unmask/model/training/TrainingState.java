package dev.unmask.model.training;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.safetensors.ElementType;
import dev.unmask.model.safetensors.SafetensorsFile;
import dev.unmask.model.safetensors.SafetensorsWriter;
import dev.unmask.model.safetensors.StoredTensor;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Everything a training run needs to go on as if it had never stopped, as one safetensors file:
 * float32 values of what learns under their own names (all weights, or an adapter's tensors),
 * AdamW's moments behind {@code adamw.m.} and {@code adamw.v.}, and the caller's position in the
 * header's metadata. One file, because then a rename makes all of it valid at once.
 *
 * @param tensors what learns and its moments, mapped
 * @param facts what the caller stored with them
 */
public record TrainingState(Map<String, StoredTensor> tensors, Map<String, String> facts) {

  static final String FIRST_MOMENT = "adamw.m.";
  static final String SECOND_MOMENT = "adamw.v.";
  static final String STEPS = "adamw.steps";
  static final String METHOD = "training.method";
  static final String BASE_WEIGHTS = "training.base.weights_sha256";
  static final String BASE_TOKENIZER = "training.base.tokenizer_sha256";

  /**
   * Writes the state so that {@code file} holds either the old or the new one, whenever the process
   * or the machine stops.
   */
  public static void write(
      Path file, TrainableModel model, AdamW optimizer, Map<String, String> facts)
      throws IOException {
    write(file, model, optimizer, null, facts);
  }

  /** {@link #write} with the moving average of the weights, behind {@code ema.}. */
  public static void write(
      Path file,
      TrainableModel model,
      AdamW optimizer,
      @Nullable WeightAverage average,
      Map<String, String> facts)
      throws IOException {
    SafetensorsWriter writer = new SafetensorsWriter();
    facts.forEach(writer::metadata);
    writer.metadata(STEPS, Long.toString(optimizer.steps()));
    writer.metadata(METHOD, model.method().describe());
    BaseIdentity base = model.base();
    if (base != null) {
      writer.metadata(BASE_WEIGHTS, base.weights());
      writer.metadata(BASE_TOKENIZER, base.tokenizer());
    }
    for (TrainedTensor tensor : model.trained()) {
      writer.add(tensor.name(), ElementType.F32, tensor.dimensions(), tensor::values);
    }
    optimizer.addTo(writer);
    if (average != null) {
      average.addTo(writer);
    }
    Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
    try {
      writer.write(temporary);
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException | RuntimeException e) {
      // On a full disk the half that was written is in the way of everything else.
      Files.deleteIfExists(temporary);
      throw e;
    }
    forceFolder(file.toAbsolutePath().getParent());
  }

  /** Makes a rename outlive a loss of power, where the system can open a folder. */
  private static void forceFolder(@Nullable Path folder) {
    if (folder == null) {
      return;
    }
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException e) {
      // Windows cannot open a folder; the file itself was forced.
    }
  }

  /**
   * Opens a state.
   *
   * @throws InvalidModelException when the file is missing or damaged
   */
  public static TrainingState read(Path file) throws InvalidModelException {
    SafetensorsFile opened = SafetensorsFile.open(file);
    if (!opened.metadata().containsKey(STEPS)) {
      throw new InvalidModelException(file + " is not the state of a training run");
    }
    return new TrainingState(opened.tensors(), new LinkedHashMap<>(opened.metadata()));
  }

  long optimizerSteps() {
    return Long.parseLong(facts.getOrDefault(STEPS, "0"));
  }

  /** Refuses to go on with another method than the one that made this state. */
  void requireMethod(Method method) throws InvalidModelException {
    String made = facts.getOrDefault(METHOD, new Method.Full().describe());
    if (!made.equals(method.describe())) {
      throw new InvalidModelException(
          "the training state is that of a run by the method \""
              + made
              + "\", not by \""
              + method.describe()
              + "\"; a run keeps its method");
    }
  }

  /** Refuses to put an adapter's state on another base. */
  void requireBase(BaseIdentity found) throws InvalidModelException {
    String weights = facts.get(BASE_WEIGHTS);
    String tokenizer = facts.get(BASE_TOKENIZER);
    if (weights != null && tokenizer != null) {
      new BaseIdentity(weights, tokenizer).require("the training state", found);
    }
  }

  static float[] values(Map<String, StoredTensor> tensors, String name, List<Long> shape)
      throws InvalidModelException {
    StoredTensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new InvalidModelException("the training state has no tensor " + name);
    }
    if (!Arrays.stream(tensor.shape()).boxed().toList().equals(shape)) {
      throw new InvalidModelException(
          "the training state holds "
              + tensor
              + ", but this model needs the shape "
              + shape
              + "; it belongs to a run of another size");
    }
    return tensor.toFloats();
  }
}
