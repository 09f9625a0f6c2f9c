package dev.unmask.model.transformer;

import java.util.Locale;

/** The type that a model computes in. */
public enum Precision {
  /**
   * The type that survived a soak of hours, today {@link #F32} everywhere: bfloat16 on AMX crashed
   * in short runs, and without bfloat16 instructions it is emulated and slower. Decisions 0007 and
   * 0010 say what would change it.
   */
  AUTO,
  F32,
  BF16,
  /**
   * float32 whose blocks multiply 8-bit integers, see {@link QuantisedText}: faster where the
   * processor multiplies bytes (VNNI), and not the same numbers. For answers, not for learning.
   */
  INT8;

  /**
   * Reads {@code auto}, {@code f32}, {@code bf16} or {@code int8}.
   *
   * @throws IllegalArgumentException with a sentence for anything else
   */
  public static Precision parse(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "auto" -> AUTO;
      case "f32" -> F32;
      case "bf16" -> BF16;
      case "int8" -> INT8;
      default ->
          throw new IllegalArgumentException(
              "the precision is " + text + "; it must be auto, f32, bf16 or int8");
    };
  }

  /** Never {@link #AUTO}. */
  public Precision resolved() {
    return this == AUTO ? F32 : this;
  }

  /** What activations are kept in. */
  TransformerText.Compute compute() {
    return resolved() == BF16 ? TransformerText.Compute.BFLOAT16 : TransformerText.Compute.FLOAT32;
  }
}
