/**
 * Judges a model by its answers to questions with known answers. Owns its engine while it runs;
 * results are plain data. Called from the command line's child process, on its main thread.
 */
@NullMarked
package dev.unmask.sft.evaluation;

import org.jspecify.annotations.NullMarked;
