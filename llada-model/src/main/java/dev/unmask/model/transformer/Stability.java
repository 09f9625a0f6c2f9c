package dev.unmask.model.transformer;

import dev.unmask.model.torch.Processor;
import dev.unmask.model.torch.UnusableLibraryException;
import dev.unmask.model.transformer.TransformerText.Attention;

/**
 * What soaks say about a combination of settings, and the guard that refuses the one which is known
 * to crash. The table of hours stands in decision 0010.
 *
 * @param verdict how much is known
 * @param reason a sentence
 */
public record Stability(Verdict verdict, String reason) {

  /** Runs a known-bad combination all the same; for soaks. */
  public static final String ALLOW_PROPERTY = "unmask.allow-unstable";

  /** How much is known about a combination. */
  public enum Verdict {
    /** It ran for hours without a fault. */
    SOAKED,
    /** It was not seen to fail, but nobody watched it for hours. */
    UNPROVEN,
    /** It crashed. */
    KNOWN_BAD
  }

  /** Of a CUDA device: nobody has soaked one. */
  public static Stability onDevice() {
    return new Stability(Verdict.UNPROVEN, "no soak ran on a CUDA device yet");
  }

  /**
   * Judges a combination on the processor.
   *
   * @param precision resolved
   * @param kernels those in use; the guard treats both alike, the soaks were of the plain ones
   * @param threads how many threads of this process run operations at once: the library's own
   *     (intra-op) times Java's
   */
  public static Stability of(
      Precision precision, Kernels kernels, Attention attention, int threads, Processor processor) {
    if (precision.resolved() == Precision.F32) {
      return soaked(
          kernels, "float32 ran for hours with every attention, on one and on two threads");
    }
    if (precision == Precision.INT8) {
      return ofBytes(threads, processor);
    }
    if (!processor.usesTiles()) {
      return soaked(
          kernels,
          "bfloat16 without matrix tiles ran for hours with every attention"
              + (processor.computesBfloat16() ? "" : "; it is emulated here and slower"));
    }
    if (threads > 1) {
      return new Stability(
          Verdict.KNOWN_BAD,
          "bfloat16 on matrix tiles (AMX) crashed the process when "
              + threads
              + " threads shared oneDNN's kernels");
    }
    return new Stability(
        Verdict.UNPROVEN,
        "bfloat16 on matrix tiles (AMX) with one thread was never soaked for hours"
            + (attention == Attention.FUSED ? ", and fused attention is what crashed" : ""));
  }

  /** What was soaked was plain; see decision 0013. */
  private static Stability soaked(Kernels kernels, String reason) {
    return switch (kernels) {
      case PLAIN -> new Stability(Verdict.SOAKED, reason);
      case STAGED ->
          new Stability(
              Verdict.UNPROVEN,
              "staged kernels were not seen to fail, but not soaked for hours; with plain ones "
                  + reason);
      case PREPACKED ->
          new Stability(
              Verdict.UNPROVEN,
              "prepacked kernels were not seen to fail, but not soaked for hours yet; with plain"
                  + " ones "
                  + reason);
    };
  }

  /** Tiles are the same ones, so what crashed with them in bfloat16 is not tried. */
  private static Stability ofBytes(int threads, Processor processor) {
    if (!processor.usesTiles()) {
      return new Stability(
          Verdict.UNPROVEN, "int8 was not seen to fail, but never soaked for hours");
    }
    return threads > 1
        ? new Stability(
            Verdict.KNOWN_BAD,
            "int8 on matrix tiles (AMX) shares oneDNN's kernels between "
                + threads
                + " threads as bfloat16 does, which crashed the process")
        : new Stability(
            Verdict.UNPROVEN, "int8 on matrix tiles (AMX) was never run, let alone soaked");
  }

  /**
   * Refuses what is known to crash, and int8 where its sums would saturate.
   *
   * @throws UnusableLibraryException saying which settings to change
   */
  public static void require(
      Precision precision, Attention attention, int threads, Processor processor) {
    if (precision == Precision.INT8 && !processor.multipliesBytes()) {
      throw new UnusableLibraryException(
          "int8 needs a processor that multiplies bytes (avx512_vnni or avx_vnni), and one that"
              + " oneDNN is not kept off by its cap; compute in f32");
    }
    // What is known to crash does so with either kind of kernels.
    Stability stability = of(precision, Kernels.PREPACKED, attention, threads, processor);
    if (stability.verdict == Verdict.KNOWN_BAD && !Boolean.getBoolean(ALLOW_PROPERTY)) {
      throw new UnusableLibraryException(
          stability.reason
              + "; compute in f32, or with one intra-op thread a process, or keep oneDNN off the"
              + " tiles (ONEDNN_MAX_CPU_ISA=AVX512_CORE_BF16 together with -D"
              + Processor.CAP_PROPERTY
              + "=AVX512_CORE_BF16)");
    }
  }
}
