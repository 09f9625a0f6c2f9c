package dev.unmask.store.release;

import dev.unmask.store.Digest;
import org.jspecify.annotations.Nullable;

/**
 * One record of the alias topic.
 *
 * @param digest where the alias points, or will point when the canary proves good
 * @param previous where it pointed; null for the first record
 * @param canary null when all requests get {@code digest}
 * @param id unique, so that a writer knows its own record again; empty in old records
 * @param atMs Unix milliseconds
 */
public record AliasMove(
    String model,
    String alias,
    Digest digest,
    @Nullable Digest previous,
    long epoch,
    @Nullable Canary canary,
    String reason,
    String actor,
    long atMs,
    String id) {}
