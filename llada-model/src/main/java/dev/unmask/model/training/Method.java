package dev.unmask.model.training;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Which numbers of a model learn, and what they learn from. */
public sealed interface Method {

  /** A short text that says all of it; equal methods have equal texts. */
  String describe();

  /** All weights learn. */
  record Full() implements Method {
    @Override
    public String describe() {
      return "full";
    }
  }

  /**
   * Low-rank adapters beside frozen matrices: {@code y = W x + (alpha / rank) B A x} (Hu et al.,
   * arXiv 2106.09685).
   *
   * @param rank columns of B, rows of A, 1 to {@link #MAX_RANK}
   * @param alpha the numerator of the scale, above 0
   * @param dropout the chance that a number of the adapter's input is left out in training, from 0
   *     to below 1
   * @param targets names as {@link LoraTargets} reads them
   */
  record Lora(int rank, double alpha, double dropout, List<String> targets) implements Method {

    /** Beyond this an adapter saves little. */
    public static final int MAX_RANK = 256;

    public Lora {
      if (rank < 1 || rank > MAX_RANK) {
        throw new IllegalArgumentException(
            "the rank is " + rank + "; it must be from 1 to " + MAX_RANK);
      }
      if (!(alpha > 0) || !Double.isFinite(alpha)) {
        throw new IllegalArgumentException("alpha is " + alpha + "; it must be above 0");
      }
      if (!(dropout >= 0 && dropout < 1)) {
        throw new IllegalArgumentException(
            "the dropout is " + dropout + "; it must be at least 0 and below 1");
      }
      targets = List.copyOf(targets);
    }

    /** What the adapter's product is multiplied with. */
    public double scale() {
      return alpha / rank;
    }

    @Override
    public String describe() {
      return "lora rank "
          + rank
          + ", alpha "
          + alpha
          + ", dropout "
          + dropout
          + ", targets "
          + String.join(" ", targets);
    }
  }

  /**
   * Vectors before every prompt, in a frozen model (Lester et al., arXiv 2104.08691).
   *
   * @param virtualTokens how many, at least 1; they take as many positions of the context
   */
  record PromptTuning(int virtualTokens) implements Method {
    public PromptTuning {
      if (virtualTokens < 1) {
        throw new IllegalArgumentException(
            "there are " + virtualTokens + " virtual tokens; there must be at least 1");
      }
    }

    @Override
    public String describe() {
      return "prompt tuning with " + virtualTokens + " virtual tokens";
    }
  }

  /**
   * VRPO: preference optimisation on estimates of the bound (LLaDA 1.5, arXiv 2505.19223).
   *
   * @param beta how much the margin over the reference counts, above 0
   * @param samples draws of (time, mask) for each answer, at least 1
   * @param sftWeight weight of the supervised loss on the chosen answer, at least 0
   * @param lora the adapters that learn; all weights learn when it is null
   */
  record Preference(double beta, int samples, double sftWeight, @Nullable Lora lora)
      implements Method {
    public Preference {
      if (!(beta > 0) || !Double.isFinite(beta)) {
        throw new IllegalArgumentException("beta is " + beta + "; it must be above 0");
      }
      if (samples < 1) {
        throw new IllegalArgumentException(
            "there are " + samples + " draws for an answer; there must be at least 1");
      }
      if (!(sftWeight >= 0) || !Double.isFinite(sftWeight)) {
        throw new IllegalArgumentException(
            "the weight of the supervised loss is " + sftWeight + "; it must be at least 0");
      }
    }

    /** What learns. */
    public Method trained() {
      return lora == null ? new Full() : lora;
    }

    @Override
    public String describe() {
      return "preference beta "
          + beta
          + ", samples "
          + samples
          + ", sft weight "
          + sftWeight
          + ", "
          + trained().describe();
    }
  }
}
