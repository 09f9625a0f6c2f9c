package dev.unmask.model.engine;

/**
 * What happens to one task, in this order: started, steps, then exactly one of finished and failed.
 * Called on the engine thread, which serves everyone: an implementation hands over and returns. A
 * listener that throws loses its task.
 */
public interface GenerationListener {

  /** The task joined the batch. */
  void onStarted();

  /** Once a step. */
  void onStep(StepResult step);

  /** The canvas is done. */
  void onFinished(GenerationResult result);

  /** The task ended otherwise; possibly before it started. */
  void onFailed(EngineException failure);
}
