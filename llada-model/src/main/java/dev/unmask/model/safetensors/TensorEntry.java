package dev.unmask.model.safetensors;

import java.util.List;

/**
 * What a header says about one tensor, checked against the file.
 *
 * @param shape empty for a scalar; a zero makes an empty tensor
 * @param begin its first byte, counted from the start of the data
 * @param end the byte after its last one; {@code end - begin} is what type and shape need
 */
public record TensorEntry(String name, ElementType type, List<Long> shape, long begin, long end) {

  public TensorEntry {
    shape = List.copyOf(shape);
  }

  public long bytes() {
    return end - begin;
  }

  /** Numbers in the tensor; 1 for a scalar. */
  public long size() {
    return bytes() / type.bytes();
  }

  /** The shape as an array. */
  public long[] dimensions() {
    return shape.stream().mapToLong(Long::longValue).toArray();
  }

  /** For a sentence: name, type and shape. */
  @Override
  public String toString() {
    return Quoted.of(name) + " " + type + shape;
  }
}
