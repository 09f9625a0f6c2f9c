package dev.unmask.model.safetensors;

import dev.unmask.model.InvalidModelException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Counts the numbers of a model folder that are NaN or infinite. Training that diverged writes such
 * files, and one of these numbers spoils every answer.
 *
 * @param nonFinite numbers that are not finite, all tensors together
 * @param first a tensor that holds some; null when all are finite
 */
public record FiniteWeights(long nonFinite, @Nullable String first) {

  private static final int CHUNK = 1 << 13;

  /** Reads every number once. Any thread; takes as long as reading the files does. */
  public static FiniteWeights count(Path folder) throws InvalidModelException {
    FiniteWeights all = new FiniteWeights(0, null);
    for (WeightFiles.Shard shard : WeightFiles.read(folder, FileDigests.NONE).shards()) {
      FiniteWeights here = countFile(shard.path());
      all =
          new FiniteWeights(
              all.nonFinite + here.nonFinite, all.first == null ? here.first : all.first);
    }
    return all;
  }

  private static FiniteWeights countFile(Path file) throws InvalidModelException {
    long found = 0;
    String first = null;
    for (StoredTensor tensor : SafetensorsFile.open(file).tensors().values()) {
      long here = count(tensor);
      if (here > 0 && first == null) {
        first = tensor.name();
      }
      found += here;
    }
    return new FiniteWeights(found, first);
  }

  private static long count(StoredTensor tensor) {
    long found = 0;
    for (ByteBuffer piece : tensor.pieces()) {
      found +=
          switch (tensor.type()) {
            case F64 -> doubles(piece);
            case F32 -> floats(piece);
            case F16 -> shorts(piece, 0x7c00);
            case BF16 -> shorts(piece, 0x7f80);
            case I64, I32, I16, I8, U8, BOOL -> 0;
          };
    }
    return found;
  }

  private static long doubles(ByteBuffer piece) {
    long found = 0;
    while (piece.hasRemaining()) {
      found += Double.isFinite(piece.getDouble()) ? 0 : 1;
    }
    return found;
  }

  private static long floats(ByteBuffer piece) {
    var numbers = piece.asIntBuffer();
    int[] chunk = new int[CHUNK];
    long found = 0;
    while (numbers.hasRemaining()) {
      int n = Math.min(CHUNK, numbers.remaining());
      numbers.get(chunk, 0, n);
      int here = 0;
      for (int i = 0; i < n; i++) {
        // All bits of the exponent are set: NaN or infinite.
        here += (chunk[i] & 0x7f800000) == 0x7f800000 ? 1 : 0;
      }
      found += here;
    }
    return found;
  }

  private static long shorts(ByteBuffer piece, int exponent) {
    var numbers = piece.asShortBuffer();
    short[] chunk = new short[CHUNK];
    long found = 0;
    while (numbers.hasRemaining()) {
      int n = Math.min(CHUNK, numbers.remaining());
      numbers.get(chunk, 0, n);
      int here = 0;
      for (int i = 0; i < n; i++) {
        here += (chunk[i] & exponent) == exponent ? 1 : 0;
      }
      found += here;
    }
    return found;
  }
}
