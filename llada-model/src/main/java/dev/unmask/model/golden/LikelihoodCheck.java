package dev.unmask.model.golden;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.engine.DenoisingEngine;
import dev.unmask.model.engine.EngineOptions;
import dev.unmask.model.engine.LikelihoodFuture;
import dev.unmask.model.likelihood.Likelihood;
import dev.unmask.model.likelihood.LikelihoodResult;
import dev.unmask.model.likelihood.LikelihoodSettings;
import dev.unmask.model.likelihood.LikelihoodTask;
import dev.unmask.model.likelihood.MaskDraws;
import dev.unmask.model.likelihood.MaskDraws.MaskedRow;
import dev.unmask.model.torch.Device;
import dev.unmask.model.transformer.MaskPredictor;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.IntStream;

/** Kind {@code likelihood}: the bound over the masks that the reference drew. */
final class LikelihoodCheck implements GoldenCheck {

  private final Device device;

  LikelihoodCheck(Device device) {
    this.device = device;
  }

  private static final double TOLERANCE = 1e-5;

  @Override
  public Set<String> kinds() {
    return Set.of("likelihood");
  }

  @Override
  public List<GoldenVerdict> judge(GoldenFolder folder, List<GoldenCase> cases, GoldenPath path)
      throws InvalidModelException {
    List<LikelihoodTask> tasks = new ArrayList<>();
    for (GoldenCase c : cases) {
      tasks.add(task(folder, c));
    }
    return Predictors.open(
        folder,
        path,
        device,
        predictor -> {
          List<GoldenVerdict> verdicts = new ArrayList<>();
          boolean engine = path == GoldenPath.PACKED || path == GoldenPath.STAGED;
          List<LikelihoodFuture> together = engine ? together(predictor, tasks) : List.of();
          for (int i = 0; i < tasks.size(); i++) {
            GoldenCase c = cases.get(i);
            try {
              LikelihoodResult result =
                  engine ? together.get(i).join() : Likelihood.of(predictor, tasks.get(i));
              verdicts.add(compare(folder, c, path, result.logLikelihood()));
            } catch (CompletionException e) {
              verdicts.add(GoldenVerdict.failed(folder, c, path, String.valueOf(e.getCause())));
            }
          }
          return verdicts;
        });
  }

  /** All cases through one engine, which lets them share passes; all are done on return. */
  private static List<LikelihoodFuture> together(
      MaskPredictor predictor, List<LikelihoodTask> tasks) {
    List<LikelihoodFuture> results = new ArrayList<>();
    try (DenoisingEngine engine = new DenoisingEngine(EngineOptions.defaults())) {
      for (LikelihoodTask task : tasks) {
        LikelihoodFuture result = new LikelihoodFuture();
        engine.submit(predictor, task, result);
        results.add(result);
      }
      // Failures are told case by case; here only the end is waited for.
      CompletableFuture.allOf(results.toArray(CompletableFuture[]::new))
          .exceptionally(failure -> null)
          .join();
    }
    return results;
  }

  /** Judges a likelihood, wherever it was estimated. */
  static GoldenVerdict compare(
      GoldenFolder folder, GoldenCase c, GoldenPath path, double logLikelihood) {
    double expected = c.number("log_likelihood", Double.NaN);
    return GoldenVerdict.byError(
        folder, c, path, Math.abs(logLikelihood - expected) / Math.abs(expected), TOLERANCE);
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
