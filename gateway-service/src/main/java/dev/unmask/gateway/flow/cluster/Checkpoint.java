package dev.unmask.gateway.flow.cluster;

/**
 * A published checkpoint, as its record and manifest say.
 *
 * @param createdAt Unix seconds
 * @param contextLength tokens; 0 when unknown
 * @param vocabularySize ids; 0 when unknown
 * @param tenant who sees it; empty for everybody
 */
public record Checkpoint(
    String model,
    String digest,
    String base,
    String parentDigest,
    String kind,
    long createdAt,
    String jobId,
    long parameters,
    int contextLength,
    int vocabularySize,
    String tenant) {}
