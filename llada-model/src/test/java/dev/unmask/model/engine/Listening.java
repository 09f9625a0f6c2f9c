package dev.unmask.model.engine;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/** Collects what happens to a task. */
class Listening implements GenerationListener {

  final List<StepResult> steps = Collections.synchronizedList(new ArrayList<>());
  final CompletableFuture<Void> started = new CompletableFuture<>();
  final CompletableFuture<GenerationResult> end = new CompletableFuture<>();
  private final Consumer<StepResult> onStep;

  Listening() {
    this(step -> {});
  }

  Listening(Consumer<StepResult> onStep) {
    this.onStep = onStep;
  }

  GenerationResult result() throws Exception {
    return end.get(60, TimeUnit.SECONDS);
  }

  EngineException failure() throws InterruptedException, TimeoutException {
    try {
      throw new AssertionError("finished: " + end.get(60, TimeUnit.SECONDS));
    } catch (ExecutionException e) {
      return (EngineException) Objects.requireNonNull(e.getCause());
    }
  }

  @Override
  public void onStarted() {
    started.complete(null);
  }

  @Override
  public void onStep(StepResult step) {
    steps.add(step);
    onStep.accept(step);
  }

  @Override
  public void onFinished(GenerationResult result) {
    if (!end.complete(result)) {
      throw new IllegalStateException("a second terminal callback");
    }
  }

  @Override
  public void onFailed(EngineException failure) {
    if (!end.completeExceptionally(failure)) {
      throw new IllegalStateException("a second terminal callback");
    }
  }
}
