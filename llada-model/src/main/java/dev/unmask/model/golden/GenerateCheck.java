package dev.unmask.model.golden;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.engine.CanvasRun;
import dev.unmask.model.engine.DenoisingEngine;
import dev.unmask.model.engine.EngineException;
import dev.unmask.model.engine.EngineOptions;
import dev.unmask.model.engine.GenerationListener;
import dev.unmask.model.engine.GenerationResult;
import dev.unmask.model.engine.GenerationTask;
import dev.unmask.model.engine.SimpleLoop;
import dev.unmask.model.engine.StepResult;
import dev.unmask.model.sampling.Decoding;
import dev.unmask.model.sampling.Draws;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.model.sampling.Remasking;
import dev.unmask.model.transformer.MaskPredictor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * Kind {@code generate}, algorithms {@code llada} and {@code threshold}: the tokens of a canvas.
 */
final class GenerateCheck implements GoldenCheck {

  private static final Set<String> ALGORITHMS = Set.of("llada", "threshold");

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
        predictor ->
            switch (path) {
              case ORACLE -> oneByOne(folder, cases, predictor);
              case PACKED -> together(folder, cases, predictor);
            });
  }

  private static List<GoldenVerdict> oneByOne(
      GoldenFolder folder, List<GoldenCase> cases, MaskPredictor predictor)
      throws InvalidModelException {
    List<GoldenVerdict> verdicts = new ArrayList<>();
    for (GoldenCase c : cases) {
      if (supported(c)) {
        GenerationTask task = task(folder, c);
        CanvasRun run = SimpleLoop.run(predictor, task.promptIds(), task.settings(), task.draws());
        verdicts.add(compare(folder, c, GoldenPath.ORACLE, run.canvas(), run.steps()));
      } else {
        verdicts.add(unsupported(folder, c, GoldenPath.ORACLE));
      }
    }
    return verdicts;
  }

  private static List<GoldenVerdict> together(
      GoldenFolder folder, List<GoldenCase> cases, MaskPredictor predictor)
      throws InvalidModelException {
    Map<GoldenCase, CompletableFuture<GenerationResult>> answers = new LinkedHashMap<>();
    List<GoldenVerdict> verdicts = new ArrayList<>();
    try (DenoisingEngine engine = new DenoisingEngine(EngineOptions.defaults())) {
      for (GoldenCase c : cases) {
        if (supported(c)) {
          CompletableFuture<GenerationResult> answer = new CompletableFuture<>();
          answers.put(c, answer);
          engine.submit(predictor, task(folder, c), new Waiting(answer));
        }
      }
      for (GoldenCase c : cases) {
        CompletableFuture<GenerationResult> answer = answers.get(c);
        if (answer == null) {
          verdicts.add(unsupported(folder, c, GoldenPath.PACKED));
          continue;
        }
        try {
          GenerationResult result = answer.join();
          verdicts.add(compare(folder, c, GoldenPath.PACKED, result.canvasIds(), result.steps()));
        } catch (CompletionException e) {
          verdicts.add(
              GoldenVerdict.failed(folder, c, GoldenPath.PACKED, String.valueOf(e.getCause())));
        }
      }
    }
    return verdicts;
  }

  private static boolean supported(GoldenCase c) {
    return ALGORITHMS.contains(c.settings().path("algorithm").asText());
  }

  private static GoldenVerdict unsupported(GoldenFolder folder, GoldenCase c, GoldenPath path) {
    return GoldenVerdict.unsupported(
        folder,
        c,
        path,
        "the algorithm " + c.settings().path("algorithm").asText() + " is not built");
  }

  /** The reference never stops at EOS, so early exit is off. */
  private static GenerationTask task(GoldenFolder folder, GoldenCase c)
      throws InvalidModelException {
    Decoding decoding =
        c.settings().path("algorithm").asText().equals("threshold")
            ? new Decoding.Threshold(c.number("threshold", 1))
            : new Decoding.Quota(c.integer("steps"));
    GenerationSettings settings =
        new GenerationSettings(
            c.integer("gen_length"),
            c.integer("block_length"),
            decoding,
            c.settings().path("remasking").asText().equals("random")
                ? Remasking.RANDOM
                : Remasking.LOW_CONFIDENCE,
            c.number("temperature", 0),
            c.number("cfg_scale", 0),
            0,
            false,
            c.settings().path("logits_eos_inf").asBoolean(false),
            c.settings().path("confidence_eos_eot_inf").asBoolean(false));
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

  private static GoldenVerdict compare(
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

  /** Completes a future with the task's end. */
  private record Waiting(CompletableFuture<GenerationResult> answer) implements GenerationListener {
    @Override
    public void onStarted() {}

    @Override
    public void onStep(StepResult step) {}

    @Override
    public void onFinished(GenerationResult result) {
      answer.complete(result);
    }

    @Override
    public void onFailed(EngineException failure) {
      answer.completeExceptionally(failure);
    }
  }
}
