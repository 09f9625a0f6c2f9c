package dev.unmask.model.golden;

import com.fasterxml.jackson.databind.JsonNode;
import dev.unmask.model.InvalidModelException;
import dev.unmask.model.safetensors.StoredTensor;
import dev.unmask.model.training.AdamW;
import dev.unmask.model.training.LossValue;
import dev.unmask.model.training.LossWeight;
import dev.unmask.model.training.MaskedBatch;
import dev.unmask.model.training.TrainableModel;
import dev.unmask.model.transformer.TransformerText.Compute;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Kinds {@code pretrain_loss}, {@code sft_loss} and {@code adamw}. Training has one implementation,
 * so both paths judge the same one. A verdict's error is that of the quantity that comes closest to
 * its tolerance.
 */
final class TrainingCheck implements GoldenCheck {

  private static final double LOSS_TOLERANCE = 1e-5;
  private static final double GRADIENT_TOLERANCE = 1e-4;
  private static final double WEIGHT_TOLERANCE = 1e-4;

  @Override
  public Set<String> kinds() {
    return Set.of("pretrain_loss", "sft_loss", "adamw");
  }

  @Override
  public List<GoldenVerdict> judge(GoldenFolder folder, List<GoldenCase> cases, GoldenPath path)
      throws InvalidModelException {
    List<GoldenVerdict> verdicts = new ArrayList<>();
    for (GoldenCase c : cases) {
      try (TrainableModel model = TrainableModel.load(folder.path(), Compute.FLOAT32)) {
        Worst worst = new Worst();
        if (c.kind().equals("adamw")) {
          steps(folder, c, model, worst);
        } else {
          loss(folder, c, model, worst);
        }
        verdicts.add(worst.verdict(folder, c, path));
      }
    }
    return verdicts;
  }

  private static void loss(GoldenFolder folder, GoldenCase c, TrainableModel model, Worst worst)
      throws InvalidModelException {
    LossValue value = model.lossAndGradients(batch(folder, c, ""));
    worst.number("the loss", value.loss(), c.number("loss", Double.NaN), LOSS_TOLERANCE);
    Map<String, Double> norms = model.gradientNorms();
    double squares = norms.values().stream().mapToDouble(n -> n * n).sum();
    worst.number(
        "the gradient's norm",
        Math.sqrt(squares),
        c.number("grad_norm", Double.NaN),
        GRADIENT_TOLERANCE);
    for (Map.Entry<String, JsonNode> expected : c.settings().path("grad_norms").properties()) {
      worst.number(
          "the gradient's norm of " + expected.getKey(),
          norms.getOrDefault(expected.getKey(), Double.NaN),
          expected.getValue().asDouble(),
          GRADIENT_TOLERANCE);
    }
  }

  private static void steps(GoldenFolder folder, GoldenCase c, TrainableModel model, Worst worst)
      throws InvalidModelException {
    JsonNode betas = c.settings().path("betas");
    AdamW.Settings settings =
        new AdamW.Settings(
            betas.path(0).asDouble(),
            betas.path(1).asDouble(),
            c.number("eps", Double.NaN),
            c.number("weight_decay", Double.NaN),
            c.number("clip_grad_norm", Double.NaN),
            true);
    try (AdamW optimizer = new AdamW(model, settings)) {
      for (int step = 0; step < c.integer("steps"); step++) {
        double loss = model.lossAndGradients(batch(folder, c, "step" + step + ".")).loss();
        worst.number(
            "the loss of step " + step,
            loss,
            c.settings().path("losses").path(step).asDouble(Double.NaN),
            LOSS_TOLERANCE);
        double norm = optimizer.gradientNorm();
        if (!Double.isFinite(norm)) {
          worst.number("the gradient's norm", norm, 1, GRADIENT_TOLERANCE);
          return;
        }
        optimizer.step(c.number("lr", Double.NaN), norm);
      }
    }
    String prefix = c.name() + ".final.";
    for (StoredTensor expected : folder.arrays().tensors().values()) {
      if (expected.name().startsWith(prefix)) {
        String name = expected.name().substring(prefix.length());
        worst.error(
            name, ArrayError.relative(model.values(name), expected.toFloats()), WEIGHT_TOLERANCE);
      }
    }
  }

  private static MaskedBatch batch(GoldenFolder folder, GoldenCase c, String prefix)
      throws InvalidModelException {
    long[] clean = folder.array(c, prefix + "input_ids").toLongs();
    long[] noisy = folder.array(c, prefix + "noisy_ids").toLongs();
    double[] probabilities = folder.array(c, prefix + "p_mask").toDoubles();
    int[] prompts =
        c.kind().equals("sft_loss")
            ? folder.ids(c, prefix + "prompt_lengths")
            : new int[probabilities.length];
    int mask = folder.config().tokens().mask();
    BitSet masked = new BitSet(noisy.length);
    for (int i = 0; i < noisy.length; i++) {
      masked.set(i, noisy[i] == mask);
    }
    return MaskedBatch.of(clean, masked, probabilities, prompts, mask, LossWeight.INVERSE_T);
  }

  /** The error that fills its tolerance most. */
  private static final class Worst {

    private String what = "nothing was compared";
    private double error = Double.NaN;
    private double tolerance = 1;

    void number(String name, double got, double expected, double allowed) {
      error(name, Math.abs(got - expected) / Math.abs(expected), allowed);
    }

    void error(String name, double found, double allowed) {
      boolean first = what.equals("nothing was compared");
      // A NaN, once met, stays.
      if (first || Double.isNaN(found) || found / allowed > error / tolerance) {
        what = name;
        error = found;
        tolerance = allowed;
      }
    }

    GoldenVerdict verdict(GoldenFolder folder, GoldenCase c, GoldenPath path) {
      GoldenVerdict verdict = GoldenVerdict.byError(folder, c, path, error, tolerance);
      return verdict.verdict() == GoldenVerdict.Verdict.PASS
          ? verdict
          : new GoldenVerdict(
              verdict.name(),
              verdict.kind(),
              verdict.path(),
              verdict.verdict(),
              error,
              what + ": " + verdict.detail());
    }
  }
}
