package dev.unmask.cli.bench.reload;

import org.jspecify.annotations.Nullable;

/**
 * How one call ended.
 *
 * @param prompt which of the prompts it asked
 * @param digest the weights that answered; empty when it failed
 * @param failure why it failed; null when it did not
 * @param sentAt {@link System#nanoTime} of its beginning
 * @param endedAt of its end
 */
record Answered(
    int prompt, String digest, String text, @Nullable String failure, long sentAt, long endedAt) {}
