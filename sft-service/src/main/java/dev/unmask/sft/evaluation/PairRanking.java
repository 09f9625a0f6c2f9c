package dev.unmask.sft.evaluation;

/**
 * How a model ranks pairs of answers, compared with the model that its run began with.
 *
 * @param pairs how many; at least 1
 * @param accuracy share of the pairs whose better answer gained more than the worse one
 * @param margin mean of beta times the difference of these gains, in nats
 * @param loss mean of -log sigmoid of the margins; log 2 where nothing was learned
 */
public record PairRanking(int pairs, double accuracy, double margin, double loss) {}
