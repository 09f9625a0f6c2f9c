package dev.unmask.store.release;

/**
 * What one sampler measured of weights when it took them up.
 *
 * @param worker who measured
 * @param nonFinite numbers of the weights that are NaN or infinite
 * @param probeNll nats per token of the fixed probe answers; NaN when it could not be had
 * @param probes prompts that were asked
 * @param emptyAnswers of them the ones that were answered with nothing
 * @param stepMs time of a denoising step
 * @param referenceDigest the weights that served when it measured, measured beside; empty when none
 *     did
 * @param referenceNll as {@code probeNll}, of the reference
 * @param referenceStepMs as {@code stepMs}, of the reference
 */
public record Measured(
    String worker,
    long nonFinite,
    double probeNll,
    int probes,
    int emptyAnswers,
    double stepMs,
    String referenceDigest,
    double referenceNll,
    double referenceStepMs) {

  /** Whether there was something to compare with. */
  public boolean compared() {
    return !referenceDigest.isEmpty();
  }
}
