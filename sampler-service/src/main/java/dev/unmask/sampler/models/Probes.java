package dev.unmask.sampler.models;

import dev.unmask.model.engine.DenoisingEngine;
import dev.unmask.model.engine.GenerationFuture;
import dev.unmask.model.engine.GenerationResult;
import dev.unmask.model.engine.GenerationTask;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.sampler.models.UnavailableModelException.Reason;
import dev.unmask.text.ChatMessage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Asks a model that nobody uses yet: one short answer to warm it up, then a few fixed prompts,
 * through the production engine, so that what is judged is what will serve. Requests that run on
 * other weights go on meanwhile: the engine takes its models in turn.
 */
final class Probes {

  /** Fixed, so that answers of different checkpoints can be compared. */
  private static final List<String> PROMPTS =
      List.of("Hello!", "What is the capital of France?", "What is 2 + 3?");

  private static final int CANVAS = 32;
  private static final int STEPS = 8;
  private static final long SEED = 0;

  private final DenoisingEngine engine;
  private final Duration patience;

  /**
   * @param patience longest wait for one answer
   */
  Probes(DenoisingEngine engine, Duration patience) {
    this.engine = engine;
    this.patience = patience;
  }

  void warmUp(ServedModel model) throws UnavailableModelException {
    String ignored = answer(model, PROMPTS.getFirst(), 8, 2);
  }

  List<CheckpointVerdict.Probe> ask(ServedModel model) throws UnavailableModelException {
    List<CheckpointVerdict.Probe> answers = new ArrayList<>();
    for (String prompt : PROMPTS) {
      answers.add(new CheckpointVerdict.Probe(prompt, answer(model, prompt, CANVAS, STEPS)));
    }
    return answers;
  }

  private String answer(ServedModel model, String prompt, int canvas, int steps)
      throws UnavailableModelException {
    int[] ids =
        model.tokenizer().hasChatTemplate()
            ? model.tokenizer().encodeChat(List.of(new ChatMessage("user", prompt)))
            : model.tokenizer().encode(prompt);
    GenerationFuture answered = new GenerationFuture();
    try {
      var ticket =
          engine.submit(
              model.weights(), new GenerationTask("probe", ids, settings(canvas, steps)), answered);
      try {
        GenerationResult result = answered.get(patience.toMillis(), TimeUnit.MILLISECONDS);
        return model.tokenizer().decode(result.answerIds());
      } catch (TimeoutException e) {
        ticket.cancel();
        throw new UnavailableModelException(
            Reason.BROKEN,
            "the probe '" + prompt + "' was not answered in " + patience.toSeconds() + " s",
            e);
      }
    } catch (ExecutionException e) {
      throw new UnavailableModelException(
          Reason.BROKEN, "the probe '" + prompt + "' failed: " + String.valueOf(e.getCause()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UnavailableModelException(
          Reason.BROKEN, "the worker stopped before the probes were answered", e);
    }
  }

  private static GenerationSettings settings(int canvas, int steps) {
    return GenerationSettings.builder(canvas, canvas).steps(steps).seed(SEED).build();
  }
}
