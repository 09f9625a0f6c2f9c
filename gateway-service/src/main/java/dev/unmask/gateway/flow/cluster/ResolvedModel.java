package dev.unmask.gateway.flow.cluster;

/**
 * A model's name pinned to weights.
 *
 * @param name the name the caller used, without alias or digest
 * @param digest {@code sha256:<64 hex>} of the manifest
 * @param base whose samplers can serve it
 * @param contextLength tokens of prompt and canvas together; 0 when the manifest does not say
 * @param vocabularySize ids from 0; 0 when the manifest does not say
 */
public record ResolvedModel(
    String name, String digest, String base, int contextLength, int vocabularySize) {}
