package dev.unmask.model.engine;

import java.util.concurrent.CompletableFuture;

/**
 * A listener for callers who only want the end: a future that a {@link GenerationResult} or an
 * {@link EngineException} completes. It is completed on the engine thread, so nothing slow may hang
 * on it without an executor.
 */
public final class GenerationFuture extends CompletableFuture<GenerationResult>
    implements GenerationListener {

  @Override
  public void onStarted() {}

  @Override
  public void onStep(StepResult step) {}

  @Override
  public void onFinished(GenerationResult result) {
    complete(result);
  }

  @Override
  public void onFailed(EngineException failure) {
    completeExceptionally(failure);
  }
}
