package dev.unmask.sft.job;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.engine.DenoisingEngine;
import dev.unmask.model.engine.EngineOptions;
import dev.unmask.model.engine.GenerationTask;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.model.sampling.Preset;
import dev.unmask.model.transformer.MaskPredictor;
import dev.unmask.model.transformer.Precision;
import dev.unmask.text.ChatMessage;
import dev.unmask.text.LladaTokenizer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;

/** Answers the probes with the weights of a folder, through the engine that serves. */
final class ProbeRun {

  private static final int CANVAS = 64;
  private static final int BLOCK = 32;

  private ProbeRun() {}

  /**
   * Greedy answers with their traces, all at once, by the fast preset: the reference's one slot a
   * step would be a good part of a short job. Probes too long for the context are left out.
   *
   * @throws JobFailedException when a forward pass fails
   */
  static List<Answer> answers(
      StoredWeights weights, Precision precision, LladaTokenizer tokenizer, List<String> questions)
      throws InvalidModelException, JobFailedException {
    return questions.isEmpty()
        ? List.of()
        : weights.with(precision, model -> answers(model, tokenizer, questions));
  }

  private static List<Answer> answers(
      MaskPredictor model, LladaTokenizer tokenizer, List<String> questions)
      throws JobFailedException {
    GenerationSettings settings =
        Preset.FAST.applyTo(GenerationSettings.builder(CANVAS, BLOCK)).build();
    Map<String, TracedAnswer> results = new LinkedHashMap<>();
    try (DenoisingEngine engine =
        new DenoisingEngine(
            new EngineOptions("probe-engine", EngineOptions.defaults().observer()))) {
      for (String question : questions) {
        int[] prompt = tokenizer.encodeChat(List.of(new ChatMessage("user", question)));
        if (prompt.length + CANVAS <= model.config().contextLength()) {
          TracedAnswer result = new TracedAnswer();
          var unused = engine.submit(model, new GenerationTask("probe", prompt, settings), result);
          results.put(question, result);
        }
      }
      List<Answer> answers = new ArrayList<>();
      results.forEach((question, result) -> answers.add(result.join(question, tokenizer)));
      return answers;
    } catch (CompletionException e) {
      throw new JobFailedException("A probe could not be answered: " + e.getCause(), e);
    }
  }
}
