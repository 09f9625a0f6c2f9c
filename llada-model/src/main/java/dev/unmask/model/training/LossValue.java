package dev.unmask.model.training;

/**
 * What one batch gave.
 *
 * @param loss the objective, in nats
 * @param crossEntropySum unweighted cross-entropy of all masked slots together, in nats
 * @param maskedSlots slots that were predicted
 */
public record LossValue(double loss, double crossEntropySum, int maskedSlots) {

  /** Unweighted cross-entropy per masked token; 0 when nothing was masked. */
  public double crossEntropy() {
    return maskedSlots == 0 ? 0 : crossEntropySum / maskedSlots;
  }
}
