package dev.unmask.model.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.safetensors.ShardReader;
import dev.unmask.model.safetensors.TensorEntry;
import dev.unmask.model.safetensors.WeightFiles;
import dev.unmask.model.torch.Argument;
import dev.unmask.model.torch.Device;
import dev.unmask.model.torch.TorchScriptModule;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Makes weights out of files: a tensor stored in the compute type is a view of the mapped file, any
 * other is read in chunks and cast into native memory, and so is every one that goes to a device.
 * Nothing passes through the Java heap, and besides the weights themselves one chunk of one shard
 * is in memory at a time.
 */
final class WeightLoader {

  /** Reinterprets bytes: views by element type are not reachable from TorchScript, set_ is. */
  private static final String TEXT =
      """
        def view(self: __torch__.M, bytes: Tensor, stored: int, shape: List[int], strides: List[int]) -> Tensor:
          return torch.set_(torch.empty([0], dtype=stored, device=torch.device("cpu")), bytes, 0, shape, strides)
        def room(self: __torch__.M, shape: List[int], wanted: int) -> Tensor:
          return torch.empty(shape, dtype=wanted, device=torch.device("$DEVICE"))
        def fill(self: __torch__.M, room: Tensor, bytes: Tensor, stored: int, first: int, count: int) -> Tensor:
          chunk = torch.set_(torch.empty([0], dtype=stored, device=torch.device("cpu")), bytes, 0, [count], [1])
          return torch.copy_(torch.narrow(torch.view(room, [-1]), 0, first, count), chunk)
        def same(self: __torch__.M, a: Tensor, b: Tensor) -> Tensor:
          return torch.full([1], float(int(torch.equal(a, b))), device=torch.device("cpu"))
      """;

  /** A larger tensor cannot be one buffer, so it is read instead of mapped. */
  private static final long LARGEST_VIEW = Integer.MAX_VALUE;

  private final NDManager owner;
  private final TorchScriptModule module;
  private final TransformerText.Compute type;

  /** Whether a tensor in the compute type may be the file itself. */
  private final boolean views;

  private WeightLoader(
      NDManager owner, TorchScriptModule module, TransformerText.Compute type, boolean views) {
    this.owner = owner;
    this.module = module;
    this.type = type;
    this.views = views;
  }

  static String text(Device device) {
    return TEXT.replace("$DEVICE", device.label());
  }

  /**
   * All weights in the order of {@link WeightTable}. Names, shapes and types are judged by the
   * headers, before any data are touched; digests from the data that are used.
   *
   * @param owner gets the arrays, and the byte arrays that views stand on
   * @throws InvalidModelException when a tensor is missing, has the wrong shape or type, or is one
   *     that this network would not use, or a file is damaged
   */
  static List<NDArray> load(
      NDManager owner, WeightFiles files, ModelConfig config, TransformerText.Compute type)
      throws InvalidModelException {
    return load(owner, files, config, type, Device.cpu(), true);
  }

  /**
   * {@link #load} into memory of a device, chunk by chunk: no tensor is mapped or held by the host
   * as a whole.
   */
  static List<NDArray> copy(
      NDManager owner,
      WeightFiles files,
      ModelConfig config,
      TransformerText.Compute type,
      Device device)
      throws InvalidModelException {
    return load(owner, files, config, type, device, false);
  }

  private static List<NDArray> load(
      NDManager owner,
      WeightFiles files,
      ModelConfig config,
      TransformerText.Compute type,
      Device device,
      boolean views)
      throws InvalidModelException {
    List<WeightTable.Weight> table = WeightCheck.require(files, config);
    Optional<String> copy =
        WeightTable.copyOfEmbedding(config).filter(files.tensors()::containsKey);
    Map<String, NDArray> loaded = new HashMap<>();
    try (TorchScriptModule module = TorchScriptModule.compile(text(device))) {
      WeightLoader loader = new WeightLoader(owner, module, type, views);
      for (WeightFiles.Shard shard : files.shards()) {
        try (ShardReader reader = ShardReader.open(files, shard)) {
          for (TensorEntry entry : shard.header().entries()) {
            loaded.put(entry.name(), loader.load(reader, shard, entry));
          }
          reader.finish();
        }
      }
      if (copy.isPresent()) {
        loader.checkCopy(loaded, table.get(0).name(), copy.get());
      }
    }
    return table.stream().map(w -> Objects.requireNonNull(loaded.get(w.name()))).toList();
  }

  /** A tied head that is stored all the same must be the embedding, or ignoring it would lie. */
  private void checkCopy(Map<String, NDArray> loaded, String embedding, String head)
      throws InvalidModelException {
    try (NDArray copy = Objects.requireNonNull(loaded.get(head));
        NDArray same =
            module.callOne(
                owner,
                "same",
                Argument.of(Objects.requireNonNull(loaded.get(embedding))),
                Argument.of(copy))) {
      if (same.getFloat() == 0) {
        throw new InvalidModelException(
            "config.json says that the head is tied to the embedding, but "
                + head
                + " is not equal to "
                + embedding);
      }
    }
  }

  private NDArray load(ShardReader reader, WeightFiles.Shard shard, TensorEntry entry)
      throws InvalidModelException {
    Argument stored = Argument.of((long) WeightCheck.code(entry));
    long[] shape = entry.dimensions();
    // Files that do not pad their header leave tensors at odd addresses, which kernels may not
    // bear.
    long address = shard.header().dataStart() + entry.begin();
    boolean aligned = address % entry.type().bytes() == 0;
    if (views
        && WeightCheck.code(entry) == type.code()
        && aligned
        && entry.bytes() <= LARGEST_VIEW) {
      return module.callOne(
          owner,
          "view",
          Argument.of(bytes(owner, reader.map(entry))),
          stored,
          Argument.ofInts(shape),
          Argument.ofInts(rowMajor(shape)));
    }
    NDArray room =
        module.callOne(owner, "room", Argument.ofInts(shape), Argument.of((long) type.code()));
    reader.read(
        entry,
        (first, chunk) -> {
          try (NDManager passing = owner.newSubManager()) {
            long count = chunk.remaining() / entry.type().bytes();
            NDArray unused =
                module.callOne(
                    passing,
                    "fill",
                    Argument.of(room),
                    Argument.of(bytes(passing, chunk)),
                    stored,
                    Argument.of(first),
                    Argument.of(count));
          }
        });
    return room;
  }

  private static NDArray bytes(NDManager owner, ByteBuffer data) {
    return owner.create(data, new Shape(data.remaining()), DataType.UINT8);
  }

  private static long[] rowMajor(long[] shape) {
    long[] strides = new long[shape.length];
    long stride = 1;
    for (int i = shape.length - 1; i >= 0; i--) {
      strides[i] = stride;
      stride *= shape[i];
    }
    return strides;
  }
}
