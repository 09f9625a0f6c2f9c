package dev.unmask.model.golden;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.engine.CanvasRun;
import dev.unmask.model.engine.DenoisingEngine;
import dev.unmask.model.engine.EngineOptions;
import dev.unmask.model.engine.GenerationFuture;
import dev.unmask.model.engine.GenerationResult;
import dev.unmask.model.engine.GenerationTask;
import dev.unmask.model.engine.SimpleLoop;
import dev.unmask.model.sampling.Draws;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.model.sampling.InvalidSettingsException;
import dev.unmask.model.torch.Device;
import dev.unmask.model.transformer.MaskPredictor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * Kind {@code generate}: the tokens of a canvas, by any algorithm that {@link GoldenSettings}
 * knows.
 */
final class GenerateCheck implements GoldenCheck {

  private final Device device;

  GenerateCheck(Device device) {
    this.device = device;
  }

  @Override
  public Set<String> kinds() {
    return Set.of("generate");
  }

  @Override
  public List<GoldenVerdict> judge(GoldenFolder folder, List<GoldenCase> cases, GoldenPath path)
      throws InvalidModelException {
    return Predictors.open(
        folder,
        path,
        device,
        predictor ->
            switch (path) {
              case ORACLE -> oneByOne(folder, cases, predictor);
              case PACKED, STAGED -> together(folder, cases, path, predictor);
              case CLUSTER -> throw new IllegalStateException("a cluster's answers are given");
            });
  }

  private static List<GoldenVerdict> oneByOne(
      GoldenFolder folder, List<GoldenCase> cases, MaskPredictor predictor)
      throws InvalidModelException {
    List<GoldenVerdict> verdicts = new ArrayList<>();
    for (GoldenCase c : cases) {
      try {
        GenerationTask task = task(folder, c, GoldenSettings.of(c));
        CanvasRun run = SimpleLoop.run(predictor, task.promptIds(), task.settings(), task.draws());
        verdicts.add(compare(folder, c, GoldenPath.ORACLE, run.canvas(), run.steps()));
      } catch (InvalidSettingsException e) {
        verdicts.add(
            GoldenVerdict.unsupported(
                folder, c, GoldenPath.ORACLE, String.valueOf(e.getMessage())));
      }
    }
    return verdicts;
  }

  private static List<GoldenVerdict> together(
      GoldenFolder folder, List<GoldenCase> cases, GoldenPath path, MaskPredictor predictor)
      throws InvalidModelException {
    Map<GoldenCase, GenerationFuture> answers = new LinkedHashMap<>();
    List<GoldenVerdict> verdicts = new ArrayList<>();
    try (DenoisingEngine engine = new DenoisingEngine(EngineOptions.defaults())) {
      for (GoldenCase c : cases) {
        GenerationFuture answer = new GenerationFuture();
        answers.put(c, answer);
        try {
          engine.submit(predictor, task(folder, c, GoldenSettings.of(c)), answer);
        } catch (InvalidSettingsException e) {
          answer.completeExceptionally(e);
        }
      }
      for (GoldenCase c : cases) {
        try {
          GenerationResult result = Objects.requireNonNull(answers.get(c)).join();
          verdicts.add(compare(folder, c, path, result.canvasIds(), result.steps()));
        } catch (CompletionException e) {
          verdicts.add(failed(folder, c, path, e.getCause()));
        }
      }
    }
    return verdicts;
  }

  private static GoldenVerdict failed(
      GoldenFolder folder, GoldenCase c, GoldenPath path, @Nullable Throwable cause) {
    return cause instanceof InvalidSettingsException
        ? GoldenVerdict.unsupported(folder, c, path, String.valueOf(cause.getMessage()))
        : GoldenVerdict.failed(folder, c, path, String.valueOf(cause));
  }

  private static GenerationTask task(GoldenFolder folder, GoldenCase c, GenerationSettings settings)
      throws InvalidModelException {
    int[] prompt = folder.ids(c, "prompt_ids");
    return new GenerationTask(
        folder.label(c), prompt, settings, draws(folder, c, prompt.length + settings.genLength()));
  }

  private static Draws draws(GoldenFolder folder, GoldenCase c, int length)
      throws InvalidModelException {
    ModelConfig config = folder.config();
    Set<String> arrays = folder.arrays().tensors().keySet();
    double[] uniforms =
        arrays.contains(c.name() + ".uniforms")
            ? folder.array(c, "uniforms").toDoubles()
            : new double[0];
    double[] remaskings =
        arrays.contains(c.name() + ".random_confidence")
            ? folder.array(c, "random_confidence").toDoubles()
            : new double[0];
    return new Draws.Recorded(uniforms, remaskings, length, config.embeddingSize());
  }

  /** Judges a canvas, wherever it was filled. */
  static GoldenVerdict compare(
      GoldenFolder folder, GoldenCase c, GoldenPath path, int[] canvas, int steps)
      throws InvalidModelException {
    int[] output = folder.ids(c, "output_ids");
    int[] expected = Arrays.copyOfRange(output, output.length - canvas.length, output.length);
    int different = 0;
    for (int slot = 0; slot < canvas.length; slot++) {
      different += canvas[slot] == expected[slot] ? 0 : 1;
    }
    if (different == 0 && steps > c.integer("nfe")) {
      return GoldenVerdict.failed(
          folder,
          c,
          path,
          "the tokens agree but took " + steps + " steps; the reference took " + c.integer("nfe"));
    }
    return GoldenVerdict.byError(folder, c, path, different, 0);
  }
}
