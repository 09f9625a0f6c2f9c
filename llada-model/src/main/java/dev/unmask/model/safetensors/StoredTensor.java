package dev.unmask.model.safetensors;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * One tensor of a file: its type, shape, and its bytes as a read-only little-endian view of the
 * mapped file. Values are copied only by the {@code to...} methods.
 */
public final class StoredTensor {

  private final String name;
  private final ElementType type;
  private final long[] shape;
  private final ByteBuffer data;

  StoredTensor(String name, ElementType type, long[] shape, ByteBuffer data) {
    this.name = name;
    this.type = type;
    this.shape = shape;
    this.data = data;
  }

  public String name() {
    return name;
  }

  public ElementType type() {
    return type;
  }

  public long[] shape() {
    return shape.clone();
  }

  /** Numbers in the tensor; 1 for a scalar. */
  public long size() {
    return Arrays.stream(shape).reduce(1, (a, b) -> a * b);
  }

  /** The mapped bytes, position 0 to limit; a view of its own that the caller may move. */
  public ByteBuffer data() {
    return data.duplicate().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The values of an integer tensor as longs. */
  public long[] toLongs() {
    ByteBuffer bytes = data();
    long[] values = new long[Math.toIntExact(size())];
    for (int i = 0; i < values.length; i++) {
      values[i] =
          switch (type) {
            case I64 -> bytes.getLong();
            case I32 -> bytes.getInt();
            case I16 -> bytes.getShort();
            case I8 -> bytes.get();
            case U8, BOOL -> bytes.get() & 0xff;
            case F64, F32, F16, BF16 ->
                throw new IllegalStateException(name + " is " + type + ", not an integer tensor");
          };
    }
    return values;
  }

  /** The values as doubles, which hold every supported number exactly except large I64. */
  public double[] toDoubles() {
    ByteBuffer bytes = data();
    double[] values = new double[Math.toIntExact(size())];
    for (int i = 0; i < values.length; i++) {
      values[i] =
          switch (type) {
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
    return values;
  }

  /** The values as floats. */
  public float[] toFloats() {
    double[] doubles = toDoubles();
    float[] values = new float[doubles.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) doubles[i];
    }
    return values;
  }

  @Override
  public String toString() {
    return name + " " + type + Arrays.toString(shape);
  }
}
