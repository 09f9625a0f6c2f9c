/**
 * Runs recorded cases of the public reference and compares: a folder holds a tiny model, {@code
 * cases.json} and {@code cases.safetensors}. Each kind of case has a {@link
 * dev.unmask.model.golden.GoldenCheck}; a kind without one is reported as unsupported, never
 * skipped. What a cluster answered is judged here too. One thread, beside the engine's own.
 */
@NullMarked
package dev.unmask.model.golden;

import org.jspecify.annotations.NullMarked;
