package dev.unmask.model.golden;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.likelihood.Likelihood;
import dev.unmask.model.likelihood.LikelihoodResult;
import dev.unmask.model.likelihood.LikelihoodSettings;
import dev.unmask.model.likelihood.LikelihoodTask;
import dev.unmask.model.likelihood.MaskDraws;
import dev.unmask.model.likelihood.MaskDraws.MaskedRow;
import dev.unmask.model.transformer.MaskPredictor;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/** Kind {@code likelihood}: the bound over the masks that the reference drew. */
final class LikelihoodCheck implements GoldenCheck {

  private static final double TOLERANCE = 1e-5;

  @Override
  public Set<String> kinds() {
    return Set.of("likelihood");
  }

  @Override
  public List<GoldenVerdict> judge(GoldenFolder folder, List<GoldenCase> cases, GoldenPath path)
      throws InvalidModelException {
    return Predictors.open(
        folder,
        path,
        predictor -> {
          List<GoldenVerdict> verdicts = new ArrayList<>();
          for (GoldenCase c : cases) {
            verdicts.add(judge(folder, c, path, predictor));
          }
          return verdicts;
        });
  }

  private static GoldenVerdict judge(
      GoldenFolder folder, GoldenCase c, GoldenPath path, MaskPredictor predictor)
      throws InvalidModelException {
    LikelihoodTask task = task(folder, c);
    LikelihoodResult result = Likelihood.of(predictor, task);
    double expected = c.number("log_likelihood", Double.NaN);
    return GoldenVerdict.byError(
        folder,
        c,
        path,
        Math.abs(result.logLikelihood() - expected) / Math.abs(expected),
        TOLERANCE);
  }

  private static LikelihoodTask task(GoldenFolder folder, GoldenCase c)
      throws InvalidModelException {
    int[] prompt = folder.ids(c, "prompt_ids");
    int[] answer = folder.ids(c, "answer_ids");
    int[] noisy = folder.ids(c, "noisy_ids");
    float[] probabilities = folder.array(c, "p_mask").toFloats();
    int length = prompt.length + answer.length;
    int mask = folder.config().tokens().mask();
    List<MaskedRow> rows = new ArrayList<>();
    for (int row = 0; row < probabilities.length; row++) {
      int start = row * length + prompt.length;
      rows.add(
          new MaskedRow(
              IntStream.range(0, answer.length).filter(i -> noisy[start + i] == mask).toArray(),
              1 / (double) probabilities[row]));
    }
    return new LikelihoodTask(
        prompt,
        answer,
        new LikelihoodSettings(
            c.integer("mc_num"), c.integer("batch_size"), c.number("cfg_scale", 0), 0),
        new MaskDraws.Recorded(rows));
  }
}
