package dev.unmask.gateway.flow;

/**
 * Something that was asked for.
 *
 * @param replayed whether it had been asked for before, under the same key
 */
public record Created<T>(T what, boolean replayed) {}
