package dev.unmask.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.unmask.model.torch.Processor;
import dev.unmask.model.torch.UnusableLibraryException;
import dev.unmask.model.transformer.Stability.Verdict;
import dev.unmask.model.transformer.TransformerText.Attention;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The guard against settings that crash. */
class StabilityTest {

  private static final Set<String> TILES = Set.of("avx512f", "avx512_bf16", "amx_bf16", "amx_tile");

  @ParameterizedTest
  @EnumSource(Attention.class)
  void bfloat16OnTilesWithTwoThreadsIsRefusedWithWhatToDo(Attention attention) {
    Processor tiles = new Processor(TILES, "");

    assertThatThrownBy(() -> Stability.require(Precision.BF16, attention, 2, tiles))
        .isInstanceOf(UnusableLibraryException.class)
        .hasMessageContaining("2 threads")
        .hasMessageContaining("ONEDNN_MAX_CPU_ISA=AVX512_CORE_BF16");
    assertThat(Stability.of(Precision.BF16, Kernels.PLAIN, attention, 1, tiles).verdict())
        .isEqualTo(Verdict.UNPROVEN);
  }

  @ParameterizedTest
  @ValueSource(strings = {"AVX2", "AVX512_CORE_BF16", "avx512_core_bf16", "AVX10_1_512"})
  void aCapBelowTheTilesLiftsIt(String cap) {
    Processor capped = new Processor(TILES, cap);

    assertThat(capped.usesTiles()).isFalse();
    assertThat(capped.knowsCap()).isTrue();
    assertThatCode(() -> Stability.require(Precision.BF16, Attention.FUSED, 2, capped))
        .doesNotThrowAnyException();
  }

  @ParameterizedTest
  @ValueSource(strings = {"AVX512_CORE_AMX", "AVX10_1_512_AMX", "ALL", "AVX512_CORE_BF61"})
  void aCapThatAllowsTilesOrIsUnknownDoesNot(String cap) {
    assertThat(new Processor(TILES, cap).usesTiles()).isTrue();
  }

  @ParameterizedTest
  @EnumSource(
      value = Precision.class,
      names = {"F32", "BF16"})
  void hoursOfPlainKernelsSayNothingOfPrepackedOnes(Precision precision) {
    Processor plain = new Processor(Set.of("avx512f"), "");

    assertThat(Stability.of(precision, Kernels.PREPACKED, Attention.FUSED, 1, plain).verdict())
        .isEqualTo(Verdict.UNPROVEN);
    assertThat(Stability.of(precision, Kernels.PLAIN, Attention.FUSED, 1, plain).verdict())
        .isEqualTo(Verdict.SOAKED);
  }

  @Test
  void float32AndProcessorsWithoutTilesAreFree() {
    assertThat(
            Stability.of(
                    Precision.AUTO, Kernels.PLAIN, Attention.FUSED, 8, new Processor(TILES, ""))
                .verdict())
        .isEqualTo(Verdict.SOAKED);
    assertThat(
            Stability.of(
                    Precision.BF16,
                    Kernels.PLAIN,
                    Attention.FUSED,
                    8,
                    new Processor(Set.of("avx512f"), ""))
                .verdict())
        .isEqualTo(Verdict.SOAKED);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "AVX512_CORE"})
  void int8IsRefusedWhereSumsOfBytesWouldSaturate(String cap) {
    Set<String> features = cap.isEmpty() ? Set.of("avx512f") : Set.of("avx512f", "avx512_vnni");

    assertThatThrownBy(() ->
            Stability.require(Precision.INT8, Attention.FUSED, 1, new Processor(features, cap)))
        .isInstanceOf(UnusableLibraryException.class)
        .hasMessageContaining("avx512_vnni or avx_vnni");
  }

  @Test
  void int8OnTilesWithTwoThreadsIsRefusedLikeBfloat16() {
    Set<String> features = Set.of("avx512_vnni", "amx_bf16", "amx_tile");
    Processor capped = new Processor(features, "AVX512_CORE_VNNI");

    assertThatThrownBy(() ->
            Stability.require(Precision.INT8, Attention.FUSED, 2, new Processor(features, "")))
        .isInstanceOf(UnusableLibraryException.class)
        .hasMessageContaining("2 threads");
    assertThatCode(() -> Stability.require(Precision.INT8, Attention.FUSED, 2, capped))
        .doesNotThrowAnyException();
  }

  @Test
  void anUnknownCapIsTold() {
    assertThat(new Processor(TILES, "AVX512_CORE_BF61").knowsCap()).isFalse();
    assertThat(new Processor(TILES, "AVX512_CORE_AMX_FP16").knowsCap()).isTrue();
  }
}
