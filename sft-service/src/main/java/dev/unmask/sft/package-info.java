/**
 * The fine-tuning service: the Quarkus shell and the trainer it runs.
 *
 * <p>{@code dataset} and {@code recipe} turn files into batches, {@code training} is the loop,
 * {@code job} the whole of a job; these are the core. {@code intake}, {@code events}, {@code
 * publish} and {@code messaging} know Kafka, {@code config}, {@code health} and {@code metrics}
 * Quarkus; they depend on the core, never the other way. {@code pretrain}, {@code corpus} and
 * {@code vocabulary} are programs of their own.
 */
@NullMarked
package dev.unmask.sft;

import org.jspecify.annotations.NullMarked;
