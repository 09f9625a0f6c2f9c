package dev.unmask.sampler.schedule;

import dev.unmask.model.likelihood.LikelihoodTask;

/**
 * A request to score that a model can honour.
 *
 * @param perToken whether the answer carries each token's contribution
 */
public record PlannedScore(LikelihoodTask task, boolean perToken) {}
