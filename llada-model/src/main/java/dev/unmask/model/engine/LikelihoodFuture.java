package dev.unmask.model.engine;

import dev.unmask.model.likelihood.LikelihoodResult;
import java.util.concurrent.CompletableFuture;

/** As {@link GenerationFuture}, for likelihoods. */
public final class LikelihoodFuture extends CompletableFuture<LikelihoodResult>
    implements LikelihoodListener {

  @Override
  public void onStarted() {}

  @Override
  public void onFinished(LikelihoodResult result) {
    complete(result);
  }

  @Override
  public void onFailed(EngineException failure) {
    completeExceptionally(failure);
  }
}
