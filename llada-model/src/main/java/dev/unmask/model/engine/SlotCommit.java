package dev.unmask.model.engine;

/**
 * A slot got its token.
 *
 * @param slot of the canvas, from 0; the prompt does not count
 * @param confidence softmax probability of the token, without noise
 */
public record SlotCommit(int slot, int tokenId, float confidence) {}
