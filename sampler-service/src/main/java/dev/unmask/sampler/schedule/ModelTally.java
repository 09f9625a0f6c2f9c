package dev.unmask.sampler.schedule;

import dev.unmask.store.Digest;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.ModelUse;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What each model did since it was loaded: what whoever watches a canary wants to know. */
public final class ModelTally {

  private final Map<Digest, ModelUse.Builder> uses = new LinkedHashMap<>();

  /** Counts the end of a run. Thread-safe. */
  synchronized void count(Outcome outcome, Digest weights) {
    switch (outcome) {
      case Outcome.Answered answered -> {
        ModelUse.Builder use = of(weights);
        use.setAnswered(use.getAnswered() + 1);
        use.setSteps(use.getSteps() + answered.result().steps());
        use.setStepMsSum(use.getStepMsSum() + answered.result().inference().toNanos() / 1e6);
        if (answered.result().answerIds().length == 0) {
          use.setEmpty(use.getEmpty() + 1);
        }
      }
      case Outcome.Scored scored -> of(weights).setAnswered(of(weights).getAnswered() + 1);
      case Outcome.Failed failed -> {
        // Everything else is what the caller asked for, or did.
        if (failed.code() == ErrorCode.ERROR_CODE_INTERNAL
            || failed.code() == ErrorCode.ERROR_CODE_FAILED_PRECONDITION) {
          of(weights).setFailed(of(weights).getFailed() + 1);
        }
      }
      case Outcome.Abandoned abandoned -> {
        // Another attempt answers.
      }
    }
  }

  /** The counts of these models; others are forgotten. Thread-safe. */
  public synchronized List<ModelUse> uses(Collection<Digest> loaded) {
    uses.keySet().retainAll(loaded);
    return uses.values().stream().map(ModelUse.Builder::build).toList();
  }

  private ModelUse.Builder of(Digest weights) {
    return uses.computeIfAbsent(
        weights, digest -> ModelUse.newBuilder().setDigest(digest.toString()));
  }
}
