package dev.unmask.model.training;

/**
 * What a model says of each masked slot of a batch, in the batch's order.
 *
 * @param crossEntropy of the true token, in nats
 * @param right whether the true token is the likeliest
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared; made once for each pass.
public record SlotScores(float[] crossEntropy, boolean[] right) {}
