package dev.unmask.sft.evaluation;

import dev.unmask.model.engine.DenoisingEngine;
import dev.unmask.model.engine.EngineException;
import dev.unmask.model.engine.GenerationFuture;
import dev.unmask.model.engine.GenerationResult;
import dev.unmask.model.engine.GenerationTask;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.model.transformer.MaskPredictor;
import dev.unmask.sft.corpus.Probe;
import dev.unmask.text.ChatMessage;
import dev.unmask.text.LladaTokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.function.IntConsumer;

/** Asks a model questions, a number of them at once through one engine. */
public final class Interview {

  private final DenoisingEngine engine;
  private final MaskPredictor model;
  private final LladaTokenizer tokenizer;
  private final GenerationSettings settings;

  public Interview(
      DenoisingEngine engine,
      MaskPredictor model,
      LladaTokenizer tokenizer,
      GenerationSettings settings) {
    this.engine = engine;
    this.model = model;
    this.tokenizer = tokenizer;
    this.settings = settings;
  }

  /**
   * The answers, in the order of the questions.
   *
   * @param atOnce questions that share the engine's steps
   * @param progress told the number of answers so far
   * @throws EngineException when a question could not be answered
   */
  public List<String> ask(List<Probe> probes, int atOnce, IntConsumer progress)
      throws EngineException {
    List<String> answers = new ArrayList<>();
    for (int from = 0; from < probes.size(); from += atOnce) {
      List<GenerationFuture> asked =
          probes.subList(from, Math.min(probes.size(), from + atOnce)).stream()
              .map(this::submit)
              .toList();
      for (GenerationFuture answer : asked) {
        try {
          answers.add(text(answer.join()));
        } catch (CompletionException e) {
          if (e.getCause() instanceof EngineException failure) {
            throw failure;
          }
          throw e;
        }
      }
      progress.accept(answers.size());
    }
    return answers;
  }

  /** A question and what was said before it, as the model is asked it. */
  public static int[] prompt(LladaTokenizer tokenizer, Probe probe) {
    List<ChatMessage> dialogue = new ArrayList<>(probe.before());
    dialogue.add(new ChatMessage("user", probe.question()));
    return tokenizer.encodeChat(dialogue);
  }

  private GenerationFuture submit(Probe probe) {
    GenerationFuture answer = new GenerationFuture();
    var ignored =
        engine.submit(
            model,
            new GenerationTask(probe.question(), prompt(tokenizer, probe), settings),
            answer);
    return answer;
  }

  private String text(GenerationResult result) {
    return tokenizer.decode(result.answerIds()).strip();
  }
}
