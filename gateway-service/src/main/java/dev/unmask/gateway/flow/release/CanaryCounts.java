package dev.unmask.gateway.flow.release;

import dev.unmask.store.Digest;
import dev.unmask.v1.CanaryCount;
import dev.unmask.v1.ModelUse;
import dev.unmask.v1.WorkerStatus;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/**
 * What weights did since a trial began: the workers' counts, less what they were then. A worker
 * that was started again counts from zero. Guarded by its owner.
 */
final class CanaryCounts {

  private final Map<String, ModelUse> before = new HashMap<>();
  private final Map<String, ModelUse> last = new HashMap<>();

  /** Takes the workers' counts; the first ones of each are where counting begins. */
  void take(Collection<WorkerStatus> workers) {
    for (WorkerStatus worker : workers) {
      for (ModelUse use : worker.getUsesList()) {
        String key = key(worker.getWorker(), use.getDigest());
        ModelUse known = last.get(key);
        if (known == null) {
          // Weights that a worker did not hold when the trial began start at nothing.
          before.put(key, started ? ModelUse.getDefaultInstance() : use);
        } else if (use.getAnswered() < known.getAnswered() || use.getSteps() < known.getSteps()) {
          before.put(key, ModelUse.getDefaultInstance());
        }
        last.put(key, use);
      }
    }
    started = true;
  }

  private boolean started;

  CanaryCount of(Digest digest) {
    long answered = 0;
    long failed = 0;
    long empty = 0;
    long steps = 0;
    double stepMs = 0;
    for (Map.Entry<String, ModelUse> entry : last.entrySet()) {
      if (entry.getKey().endsWith("/" + digest)) {
        ModelUse from = before.getOrDefault(entry.getKey(), ModelUse.getDefaultInstance());
        ModelUse to = entry.getValue();
        answered += to.getAnswered() - from.getAnswered();
        failed += to.getFailed() - from.getFailed();
        empty += to.getEmpty() - from.getEmpty();
        steps += to.getSteps() - from.getSteps();
        stepMs += to.getStepMsSum() - from.getStepMsSum();
      }
    }
    return CanaryCount.newBuilder()
        .setAnswered(answered)
        .setFailed(failed)
        .setEmpty(empty)
        .setStepMs(steps == 0 ? 0 : stepMs / steps)
        .build();
  }

  private static String key(String worker, String digest) {
    return worker + "/" + digest;
  }
}
