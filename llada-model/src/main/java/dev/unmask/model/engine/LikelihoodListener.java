package dev.unmask.model.engine;

import dev.unmask.model.likelihood.LikelihoodResult;

/**
 * What happens to one likelihood task: started, then exactly one of finished and failed. Called on
 * the engine thread, which serves everyone: an implementation hands over and returns. A listener
 * that throws loses its task.
 */
public interface LikelihoodListener {

  /** The task was checked and waits for its first pass. */
  void onStarted();

  /** Every row was evaluated. */
  void onFinished(LikelihoodResult result);

  /** The task ended otherwise; possibly before it started. */
  void onFailed(EngineException failure);
}
