package dev.unmask.sft.job;

import dev.unmask.model.engine.EngineException;
import dev.unmask.model.engine.GenerationListener;
import dev.unmask.model.engine.GenerationResult;
import dev.unmask.model.engine.SlotCommit;
import dev.unmask.model.engine.StepResult;
import dev.unmask.sft.job.Answer.UnmaskingStep;
import dev.unmask.text.LladaTokenizer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Remembers which slots each step of an answer committed. The engine's thread writes, any thread
 * waits for the answer.
 */
final class TracedAnswer implements GenerationListener {

  private final ConcurrentLinkedQueue<List<SlotCommit>> steps = new ConcurrentLinkedQueue<>();
  private final CompletableFuture<GenerationResult> end = new CompletableFuture<>();

  /**
   * Waits for the end.
   *
   * @throws java.util.concurrent.CompletionException when the engine failed
   */
  Answer join(String question, LladaTokenizer tokenizer) {
    String text = tokenizer.decode(end.join().answerIds());
    return new Answer(question, text, steps.stream().map(step -> told(step, tokenizer)).toList());
  }

  private static UnmaskingStep told(List<SlotCommit> commits, LladaTokenizer tokenizer) {
    return new UnmaskingStep(
        commits.stream().map(SlotCommit::slot).toList(),
        commits.stream().map(commit -> tokenizer.tokenText(commit.tokenId())).toList());
  }

  @Override
  public void onStarted() {}

  @Override
  public void onStep(StepResult step) {
    steps.add(step.commits());
  }

  @Override
  public void onFinished(GenerationResult result) {
    end.complete(result);
  }

  @Override
  public void onFailed(EngineException failure) {
    end.completeExceptionally(failure);
  }
}
