package dev.unmask.store.release;

/**
 * One gate at one worker.
 *
 * @param gate a stable label: {@code finite_weights}, {@code probe_nll}, {@code answers}, {@code
 *     latency}
 * @param measured what was measured
 * @param limit what it may be at most
 * @param sentence both, for a person
 */
public record GateResult(
    String worker, String gate, boolean passed, double measured, double limit, String sentence) {}
