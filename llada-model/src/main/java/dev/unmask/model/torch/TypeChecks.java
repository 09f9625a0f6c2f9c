package dev.unmask.model.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/** Numbers of every type there and back, and bytes seen as numbers. */
final class TypeChecks {

  static final String TEXT =
      """
        def there_and_back(self: __torch__.M, x: Tensor, through: int) -> Tensor:
          return torch.to(torch.to(x, through), 6)
        def next(self: __torch__.M, x: Tensor) -> Tensor:
          return torch.add(x, 1)
        def seen_as(self: __torch__.M, bytes: Tensor, stored: int, count: int, wanted: int) -> Tensor:
          v = torch.set_(torch.empty([0], dtype=stored), bytes, 0, [count], [1])
          return torch.to(v, wanted, False, True)
        def product(self: __torch__.M, x: Tensor, through: int) -> Tensor:
          return torch.to(torch.matmul(torch.to(x, through), torch.to(x, through)), 6)
        def view_of(self: __torch__.M, bytes: Tensor, stored: int, count: int) -> Tensor:
          return torch.set_(torch.empty([0], dtype=stored), bytes, 0, [count], [1])
      """;

  /** libtorch's numbers for the types. */
  private static final long UINT8 = 0;

  private static final long INT64 = 4;
  private static final long FLOAT16 = 5;
  private static final long FLOAT32 = 6;
  private static final long BFLOAT16 = 15;

  private final TorchScriptModule module;
  private final NDManager manager;

  TypeChecks(TorchScriptModule module, NDManager manager) {
    this.module = module;
    this.manager = manager;
  }

  /**
   * Runs all of them.
   *
   * @param half whether to multiply in bfloat16 too
   */
  void run(boolean half) {
    roundTrip(
        "bfloat16",
        BFLOAT16,
        new float[] {0, 1, -2.5f, 3.140625f, 1e30f, 1 + 0x1p-9f, 1 + 0x3p-8f},
        new float[] {0, 1, -2.5f, 3.140625f, Float.intBitsToFloat(0x714a0000), 1, 1 + 0x1p-6f});
    roundTrip(
        "float16",
        FLOAT16,
        new float[] {0, 1, -2.5f, 65504, 1e6f, 0x1p-24f, 1 + 0x1p-11f},
        new float[] {0, 1, -2.5f, 65504, Float.POSITIVE_INFINITY, 0x1p-24f, 1});
    int64();
    views();
    product("float32", FLOAT32);
    if (half) {
      product("bfloat16", BFLOAT16);
    }
  }

  /**
   * The square of a matrix of small whole numbers, which every type holds exactly and whose sums do
   * too. Large enough for the kernels that models get.
   */
  private void product(String name, long type) {
    int n = 64;
    float[] values = new float[n * n];
    for (int i = 0; i < values.length; i++) {
      values[i] = (i * 7 + i / n) % 3 - 1;
    }
    float[] got;
    try (NDManager passing = manager.newSubManager()) {
      NDArray x = passing.create(values, new Shape(n, n));
      got = module.callOne(passing, "product", Argument.of(x), Argument.of(type)).toFloatArray();
    }
    for (int row = 0; row < n; row++) {
      for (int column = 0; column < n; column++) {
        float sum = 0;
        for (int k = 0; k < n; k++) {
          sum += values[row * n + k] * values[k * n + column];
        }
        if (got[row * n + column] != sum) {
          throw new UnusableLibraryException(
              "a product in " + name + " gives " + got[row * n + column] + " instead of " + sum);
        }
      }
    }
  }

  private void roundTrip(String name, long type, float[] values, float[] rounded) {
    try (NDManager passing = manager.newSubManager()) {
      float[] got =
          module
              .callOne(
                  passing, "there_and_back", Argument.of(passing.create(values)), Argument.of(type))
              .toFloatArray();
      for (int i = 0; i < values.length; i++) {
        if (got[i] != rounded[i]) {
          throw new UnusableLibraryException(
              name + " turns " + values[i] + " into " + got[i] + " instead of " + rounded[i]);
        }
      }
    }
  }

  /** Token ids travel as 64-bit integers; a detour through float would show here. */
  private void int64() {
    long[] values = {0, -1, (1L << 53) + 1, Long.MAX_VALUE - 1, Long.MIN_VALUE};
    try (NDManager passing = manager.newSubManager()) {
      long[] got =
          module.callOne(passing, "next", Argument.of(passing.create(values))).toLongArray();
      long[] expected = Arrays.stream(values).map(value -> value + 1).toArray();
      if (!Arrays.equals(got, expected)) {
        throw new UnusableLibraryException(
            "adding 1 to the 64-bit integers "
                + Arrays.toString(values)
                + " gives "
                + Arrays.toString(got));
      }
    }
  }

  private void views() {
    ByteBuffer bytes = ByteBuffer.allocateDirect(16).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putFloat(0, 1.5f).putFloat(4, -2);
    view("uint8", UINT8, bytes, 8, new float[] {0, 0, 192, 63, 0, 0, 0, 192});
    view("float32", FLOAT32, bytes, 2, new float[] {1.5f, -2});
    bytes.putShort(0, Float.floatToFloat16(0.75f)).putShort(2, Float.floatToFloat16(-8));
    view("float16", FLOAT16, bytes, 2, new float[] {0.75f, -8});
    bytes.putShort(0, (short) 0x3fc0).putShort(2, (short) 0xc100);
    view("bfloat16", BFLOAT16, bytes, 2, new float[] {1.5f, -8});
    bytes.putLong(0, 3).putLong(8, -70_000);
    view("int64", INT64, bytes, 2, new float[] {3, -70_000});
  }

  private void view(String name, long type, ByteBuffer bytes, int count, float[] expected) {
    try (NDManager passing = manager.newSubManager()) {
      float[] got =
          module
              .callOne(
                  passing,
                  "seen_as",
                  Argument.of(bytes(passing, bytes)),
                  Argument.of(type),
                  Argument.of((long) count),
                  Argument.of(FLOAT32))
              .toFloatArray();
      if (!Arrays.equals(got, expected)) {
        throw new UnusableLibraryException(
            "bytes seen as "
                + name
                + " are "
                + Arrays.toString(got)
                + " instead of "
                + Arrays.toString(expected));
      }
    }
  }

  /**
   * Maps a file read-only, makes a tensor of it, changes the file, and looks again: weights must be
   * the mapping itself and not a copy.
   *
   * @return false where no temporary file can be made
   */
  boolean mappedFileIsUsedInPlace() {
    Path file;
    try {
      file = Files.createTempFile("unmask-self-check", ".bin");
    } catch (IOException e) {
      return false;
    }
    try (NDManager passing = manager.newSubManager();
        FileChannel channel =
            FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      write(channel, 0.5f);
      ByteBuffer mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, 4);
      NDArray view =
          module.callOne(
              passing,
              "view_of",
              Argument.of(bytes(passing, mapped)),
              Argument.of(FLOAT32),
              Argument.of(1L));
      float before = view.toFloatArray()[0];
      write(channel, 0.25f);
      float after = view.toFloatArray()[0];
      if (before != 0.5f || after != 0.25f) {
        throw new UnusableLibraryException(
            "a tensor over a mapped file reads "
                + before
                + " and, after the file changed, "
                + after
                + " instead of 0.5 and 0.25; weights would be copied");
      }
      return true;
    } catch (IOException e) {
      return false;
    } finally {
      delete(file);
    }
  }

  private static void write(FileChannel channel, float value) throws IOException {
    int written =
        channel.write(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(0, value), 0);
    if (written != 4) {
      throw new IOException("short write");
    }
  }

  private static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      file.toFile().deleteOnExit();
    }
  }

  private static NDArray bytes(NDManager owner, ByteBuffer bytes) {
    return owner.create(bytes.duplicate(), new Shape(bytes.capacity()), DataType.UINT8);
  }
}
