package dev.unmask.gateway.flow.release;

/**
 * What a canary may cost beside the weights it is compared with.
 *
 * @param failures part of its requests that may fail more, 0 to 1
 * @param empty part of its answers that may be empty more, 0 to 1
 * @param stepRatio a step's time over the other's
 * @param stepSlackMs a step may be this much slower whatever the ratio is
 */
public record CanaryLimits(double failures, double empty, double stepRatio, double stepSlackMs) {}
