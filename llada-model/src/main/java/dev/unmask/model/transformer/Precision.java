package dev.unmask.model.transformer;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** The type that a model computes in. */
public enum Precision {
  /** {@link #BF16} where the processor multiplies it in hardware, otherwise {@link #F32}. */
  AUTO,
  F32,
  BF16;

  /** Linux's names for hardware bfloat16 products; emulated ones are slower than float32. */
  private static final List<String> FAST_BFLOAT16 = List.of("amx_bf16", "avx512_bf16");

  /**
   * Reads {@code auto}, {@code f32} or {@code bf16}.
   *
   * @throws IllegalArgumentException with a sentence for anything else
   */
  public static Precision parse(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "auto" -> AUTO;
      case "f32" -> F32;
      case "bf16" -> BF16;
      default ->
          throw new IllegalArgumentException(
              "the precision is " + text + "; it must be auto, f32 or bf16");
    };
  }

  /** Never {@link #AUTO}: decided for this machine. */
  public Precision resolved() {
    if (this != AUTO) {
      return this;
    }
    return cpuFlags().stream().anyMatch(FAST_BFLOAT16::contains) ? BF16 : F32;
  }

  TransformerText.Compute compute() {
    return resolved() == BF16 ? TransformerText.Compute.BFLOAT16 : TransformerText.Compute.FLOAT32;
  }

  private static Set<String> cpuFlags() {
    try (var lines = Files.lines(Path.of("/proc/cpuinfo"), StandardCharsets.US_ASCII)) {
      return lines
          .filter(line -> line.startsWith("flags"))
          .findFirst()
          .map(line -> Set.of(line.substring(line.indexOf(':') + 1).trim().split(" +")))
          .orElse(Set.of());
    } catch (IOException e) {
      // Not Linux: float32 is right everywhere.
      return Set.of();
    }
  }
}
