package dev.unmask.sft.evaluation;

/**
 * How well masked tokens are predicted at one level of noise.
 *
 * @param t share of the answer that is masked: the middle of the level
 * @param crossEntropy unweighted, nats for each masked token; NaN where nothing was masked
 * @param accuracy share of masked tokens whose likeliest token is the true one
 * @param masked tokens
 */
public record NoiseLevel(double t, double crossEntropy, double accuracy, long masked) {}
