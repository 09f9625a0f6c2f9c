package dev.unmask.sft.training;

import dev.unmask.sft.evaluation.Evaluation;
import java.io.IOException;

/** Watches a run, on the training thread. */
public interface TrainingListener {

  /** After each update. */
  default void onStep(StepReport report) {}

  /** After the model was judged on rows it does not learn. */
  default void onEvaluation(Evaluation evaluation) throws IOException {}

  /** After the state of this position is safe on the disk. */
  default void onCheckpoint(TrainingPosition position) throws IOException {}

  /** Asked between steps: true ends the run after a checkpoint. */
  default boolean stopRequested() {
    return false;
  }
}
