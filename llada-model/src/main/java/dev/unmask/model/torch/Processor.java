package dev.unmask.model.torch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What decides which kernels the native library takes.
 *
 * @param features of the processor, as Linux names them; empty where that is not known
 * @param isaCap the instruction set that oneDNN was told not to exceed, in oneDNN's words such as
 *     {@code AVX512_CORE_BF16}; empty means none
 */
public record Processor(Set<String> features, String isaCap) {

  /**
   * Names the cap. oneDNN itself reads the environment variable {@code ONEDNN_MAX_CPU_ISA}; whoever
   * starts a process sets both, because this library reads no environment.
   */
  public static final String CAP_PROPERTY = "unmask.onednn.max-isa";

  /** oneDNN's names of instruction sets that include matrix tiles. */
  private static final String TILES = "AMX";

  /** Caps below the tiles; {@code AVX10_1_512} and {@code AVX10_1_512_AMX} differ by their end. */
  private static final List<String> KNOWN_CAPS =
      List.of(
          "SSE41",
          "AVX",
          "AVX2",
          "AVX2_VNNI",
          "AVX2_VNNI_2",
          "AVX512_CORE",
          "AVX512_CORE_VNNI",
          "AVX512_CORE_BF16",
          "AVX512_CORE_FP16",
          "AVX10_1_512");

  public Processor {
    features = Set.copyOf(features);
    isaCap = isaCap.toUpperCase(Locale.ROOT);
  }

  /** The one this process runs on. */
  public static Processor here() {
    return new Processor(features(Path.of("/proc/cpuinfo")), System.getProperty(CAP_PROPERTY, ""));
  }

  /** Caps below the instructions that multiply bytes. */
  private static final List<String> CAPS_WITHOUT_BYTES =
      List.of("SSE41", "AVX", "AVX2", "AVX512_CORE");

  /**
   * Whether products of bytes add up exactly (VNNI). Elsewhere the kernels add pairs of products in
   * 16 bits, which saturates.
   */
  public boolean multipliesBytes() {
    return (features.contains("avx512_vnni") || features.contains("avx_vnni"))
        && !CAPS_WITHOUT_BYTES.contains(isaCap);
  }

  /** Whether oneDNN may use matrix tiles in bfloat16. */
  public boolean usesTiles() {
    return features.contains("amx_bf16") && !KNOWN_CAPS.contains(isaCap);
  }

  /** Whether bfloat16 products are instructions rather than conversions around float32. */
  public boolean computesBfloat16() {
    return usesTiles() || features.contains("avx512_bf16");
  }

  /** Whether the cap is one that oneDNN knows; oneDNN ignores others without a word. */
  public boolean knowsCap() {
    return isaCap.isEmpty() || KNOWN_CAPS.contains(isaCap) || isaCap.contains(TILES);
  }

  static Set<String> features(Path cpuInfo) {
    try (var lines = Files.lines(cpuInfo)) {
      return lines
          .filter(line -> line.startsWith("flags"))
          .findFirst()
          .map(line ->
              Arrays.stream(line.substring(line.indexOf(':') + 1).strip().split("\\s+", -1))
                  .collect(Collectors.toSet()))
          .orElse(Set.of());
    } catch (IOException e) {
      // Not Linux: nothing is known, and nothing is assumed.
      return Set.of();
    }
  }
}
