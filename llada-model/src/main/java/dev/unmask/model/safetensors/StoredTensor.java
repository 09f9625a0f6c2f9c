package dev.unmask.model.safetensors;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * One tensor of a file: its type, shape, and its bytes as read-only little-endian views of the
 * mapped file. Values are copied only by the {@code to...} methods.
 */
public final class StoredTensor {

  private final TensorEntry entry;
  private final List<ByteBuffer> pieces;

  /** {@code pieces} hold whole numbers and together all of {@code entry}. */
  StoredTensor(TensorEntry entry, List<ByteBuffer> pieces) {
    this.entry = entry;
    this.pieces = List.copyOf(pieces);
  }

  public String name() {
    return entry.name();
  }

  public ElementType type() {
    return entry.type();
  }

  public long[] shape() {
    return entry.dimensions();
  }

  /** Numbers in the tensor; 1 for a scalar. */
  public long size() {
    return entry.size();
  }

  /**
   * The mapped bytes, position 0 to limit; a view of its own that the caller may move.
   *
   * @throws IllegalStateException for a tensor of more than 2 GiB, which is no single buffer; see
   *     {@link #pieces}
   */
  public ByteBuffer data() {
    if (pieces.size() != 1) {
      throw new IllegalStateException(entry + " is too large for one buffer");
    }
    return pieces().get(0);
  }

  /** The mapped bytes in order: one buffer, or several for a tensor of more than 2 GiB. */
  public List<ByteBuffer> pieces() {
    return pieces.stream().map(piece -> piece.duplicate().order(ByteOrder.LITTLE_ENDIAN)).toList();
  }

  /** The values of an integer tensor as longs. */
  public long[] toLongs() {
    long[] values = new long[Math.toIntExact(size())];
    int i = 0;
    for (ByteBuffer bytes : pieces()) {
      while (bytes.hasRemaining()) {
        values[i++] =
            switch (type()) {
              case I64 -> bytes.getLong();
              case I32 -> bytes.getInt();
              case I16 -> bytes.getShort();
              case I8 -> bytes.get();
              case U8, BOOL -> bytes.get() & 0xff;
              case F64, F32, F16, BF16 ->
                  throw new IllegalStateException(entry + " is not an integer tensor");
            };
      }
    }
    return values;
  }

  /** The values as doubles, which hold every supported number exactly except large I64. */
  public double[] toDoubles() {
    double[] values = new double[Math.toIntExact(size())];
    int i = 0;
    for (ByteBuffer bytes : pieces()) {
      while (bytes.hasRemaining()) {
        values[i++] = number(bytes);
      }
    }
    return values;
  }

  /** The values as floats. */
  public float[] toFloats() {
    float[] values = new float[Math.toIntExact(size())];
    int i = 0;
    for (ByteBuffer bytes : pieces()) {
      while (bytes.hasRemaining()) {
        values[i++] = (float) number(bytes);
      }
    }
    return values;
  }

  private double number(ByteBuffer bytes) {
    return switch (type()) {
      case F64 -> bytes.getDouble();
      case F32 -> bytes.getFloat();
      case F16 -> Float.float16ToFloat(bytes.getShort());
      case BF16 -> Float.intBitsToFloat(bytes.getShort() << 16);
      case I64 -> bytes.getLong();
      case I32 -> bytes.getInt();
      case I16 -> bytes.getShort();
      case I8 -> bytes.get();
      case U8, BOOL -> bytes.get() & 0xff;
    };
  }

  @Override
  public String toString() {
    return entry.toString();
  }
}
