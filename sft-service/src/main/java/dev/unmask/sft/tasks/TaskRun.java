package dev.unmask.sft.tasks;

import dev.unmask.model.engine.DenoisingEngine;
import dev.unmask.model.engine.EngineException;
import dev.unmask.model.engine.GenerationFuture;
import dev.unmask.model.engine.GenerationTask;
import dev.unmask.model.engine.LikelihoodFuture;
import dev.unmask.model.likelihood.Continuation;
import dev.unmask.model.likelihood.LikelihoodResult;
import dev.unmask.model.likelihood.LikelihoodSettings;
import dev.unmask.model.likelihood.LikelihoodTask;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.model.transformer.MaskPredictor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.IntConsumer;
import java.util.function.Supplier;

/** Asks one engine all questions, a number of them at once. On the caller's thread, which waits. */
final class TaskRun {

  private final DenoisingEngine engine;
  private final MaskPredictor model;
  private final Wording wording;
  private final GenerationSettings canvas;
  private final LikelihoodSettings likelihood;

  /**
   * @param canvas how answers are written
   * @param likelihood how choices are scored; all choices of a question share its seed
   */
  TaskRun(
      DenoisingEngine engine,
      MaskPredictor model,
      Wording wording,
      GenerationSettings canvas,
      LikelihoodSettings likelihood) {
    this.engine = engine;
    this.model = model;
    this.wording = wording;
    this.canvas = canvas;
    this.likelihood = likelihood;
  }

  /**
   * What became of the questions, in their order.
   *
   * @param atOnce questions under way at a time
   * @param progress told the number of questions done
   * @throws EngineException when the engine could not compute one
   */
  List<TaskResult> ask(List<TaskItem> items, FewShot examples, int atOnce, IntConsumer progress)
      throws EngineException {
    List<TaskResult> results = new ArrayList<>();
    for (int from = 0; from < items.size(); from += atOnce) {
      List<Supplier<TaskResult>> underWay =
          items.subList(from, Math.min(items.size(), from + atOnce)).stream()
              .map(item -> start(item, examples.before(item)))
              .toList();
      for (Supplier<TaskResult> answer : underWay) {
        try {
          results.add(answer.get());
        } catch (CompletionException e) {
          if (e.getCause() instanceof EngineException failure) {
            throw failure;
          }
          throw e;
        }
      }
      progress.accept(results.size());
    }
    return results;
  }

  private Supplier<TaskResult> start(TaskItem item, Asked asked) {
    return switch (item) {
      case TaskItem.Open open -> write(open, asked);
      case TaskItem.Choice choice -> choose(choice, asked);
    };
  }

  private Supplier<TaskResult> write(TaskItem.Open item, Asked asked) {
    int[] prompt = wording.prompt(asked);
    if (prompt.length + canvas.genLength() > model.config().contextLength()) {
      return () ->
          new TaskResult.Skipped(
              item,
              "the prompt has "
                  + prompt.length
                  + " tokens and the canvas "
                  + canvas.genLength()
                  + ", together more than the model's "
                  + model.config().contextLength());
    }
    GenerationFuture answer = new GenerationFuture();
    var unused =
        engine.submit(model, new GenerationTask("line " + item.line(), prompt, canvas), answer);
    return () -> {
      String text = wording.tokenizer().decode(answer.join().answerIds());
      return new TaskResult.Written(item, until(text, item.stops()).strip());
    };
  }

  private static String until(String text, List<String> stops) {
    int end = text.length();
    for (String stop : stops) {
      int at = text.indexOf(stop);
      end = at < 0 ? end : Math.min(end, at);
    }
    return text.substring(0, end);
  }

  private Supplier<TaskResult> choose(TaskItem.Choice item, Asked asked) {
    List<Continuation> pairs =
        item.continuations().stream().map(text -> wording.choice(asked, text)).toList();
    for (Continuation pair : pairs) {
      int tokens = pair.promptIds().length + pair.answerIds().length;
      if (tokens > model.config().contextLength() || pair.answerIds().length == 0) {
        return () ->
            new TaskResult.Skipped(
                item,
                pair.answerIds().length == 0
                    ? "a choice adds no token to the question"
                    : "question and choice have "
                        + tokens
                        + " tokens, more than the model's "
                        + model.config().contextLength());
      }
    }
    List<LikelihoodFuture> scores = pairs.stream().map(this::score).toList();
    return () ->
        TaskResult.Chosen.of(
            item,
            scores.stream()
                .map(CompletableFuture::join)
                .map(LikelihoodResult::logLikelihood)
                .toList());
  }

  private LikelihoodFuture score(Continuation pair) {
    // One token is masked in every copy: a single one is exact.
    LikelihoodSettings settings =
        pair.answerIds().length == 1
            ? new LikelihoodSettings(1, 1, likelihood.cfgScale(), likelihood.seed())
            : likelihood;
    LikelihoodFuture score = new LikelihoodFuture();
    var unused =
        engine.submit(
            model, new LikelihoodTask(pair.promptIds(), pair.answerIds(), settings), score);
    return score;
  }
}
