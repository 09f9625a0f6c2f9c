package dev.unmask.gateway.flow.admission;

/**
 * The calls of one base that this gateway let in and that have not ended.
 *
 * @param waiting those that no sampler has begun
 * @param waitingSteps about how many denoising steps they take
 * @param running those that a sampler has begun
 * @param runningSteps about how many denoising steps they take from first to last
 */
public record QueueAhead(int waiting, long waitingSteps, int running, long runningSteps) {}
