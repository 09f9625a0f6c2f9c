/**
 * Evaluation on tasks: multiple choice by the likelihood bound, and answers that are compared with
 * targets. Reads rows as evaluation harnesses export them, asks one engine, and writes a results
 * file that results of other models can be compared with. Plain data and pure functions but for
 * {@link dev.unmask.sft.tasks.TaskRun}, which works on the main thread of the command line's child
 * process.
 */
@NullMarked
package dev.unmask.sft.tasks;

import org.jspecify.annotations.NullMarked;
