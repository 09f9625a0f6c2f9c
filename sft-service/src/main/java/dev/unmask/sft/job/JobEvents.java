package dev.unmask.sft.job;

import dev.unmask.sft.dataset.DatasetFacts;
import dev.unmask.sft.dataset.DatasetRow.Rejected;
import dev.unmask.sft.evaluation.Evaluation;
import dev.unmask.sft.training.StepReport;
import dev.unmask.store.Manifest;
import java.util.List;
import java.util.Map;

/**
 * The story of one job. Calls come from the training thread and may block for as long as the broker
 * needs; progress must not.
 */
public interface JobEvents {

  /** The rows are being read. */
  void validating();

  /** A row is not used. */
  void rejected(Rejected row);

  /**
   * All rows are read.
   *
   * @param eosShare share of EOS padding among the answer slots of the first pass
   * @param heldOut samples that are not trained on, because the model is judged on them
   * @param report id of the stored report of all rejected rows; empty when there are none
   */
  void rowsRead(DatasetFacts facts, double eosShare, long heldOut, String report);

  /**
   * Training begins or goes on.
   *
   * @param note what is worth knowing about how; may be empty
   */
  void running(String note);

  /** A successor could go on from this step. */
  void saved(long step);

  /** Some steps are done; not every step is told. */
  void progress(StepReport report);

  /** The model was judged on rows that it does not learn. */
  void evaluated(Evaluation evaluation);

  /** The same questions before and after. */
  void probes(boolean after, List<Answer> answers);

  /** The weights are in the store and their record is on the topic. */
  void published(Manifest manifest);

  /** An alias points to the new weights. */
  void aliasMoved(Publication.AliasMove move);

  /**
   * Terminal.
   *
   * @param message a note; may be empty
   */
  void succeeded(String message, Map<String, Double> metrics);

  /** Terminal. */
  void failed(String message);

  /** Terminal: it was asked to end. */
  void cancelled();

  /** It was asked to stop; its state is kept. */
  void paused();
}
