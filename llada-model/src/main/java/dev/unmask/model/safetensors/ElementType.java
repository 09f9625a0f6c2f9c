package dev.unmask.model.safetensors;

import dev.unmask.model.InvalidModelException;

/** What one number of a stored tensor is. Names are those of the format. */
public enum ElementType {
  F64(8),
  F32(4),
  F16(2),
  BF16(2),
  I64(8),
  I32(4),
  I16(2),
  I8(1),
  U8(1),
  BOOL(1);

  private final int bytes;

  ElementType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of one number. */
  public int bytes() {
    return bytes;
  }

  static ElementType named(String name) throws InvalidModelException {
    for (ElementType type : values()) {
      if (type.name().equals(name)) {
        return type;
      }
    }
    throw new InvalidModelException("the element type " + Quoted.of(name) + " is not supported");
  }
}
