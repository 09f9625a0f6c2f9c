package dev.unmask.sft.evaluation;

import org.jspecify.annotations.Nullable;

/**
 * A model in the middle of a run on rows that it does not learn, always with the same masks, so
 * that two values of one run can be compared.
 *
 * @param step updates made; 0 for the model that the run began with
 * @param best whether no earlier step after the first had a lower bound
 * @param ranking of held-out pairs, where preferences are learned and a step has been made
 */
public record Evaluation(
    long step, DiffusionLoss loss, boolean best, @Nullable PairRanking ranking) {}
