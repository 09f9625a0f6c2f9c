/**
 * The sampler: takes generation requests from Kafka, runs them on the engine, publishes what
 * happens.
 *
 * <p>{@link dev.unmask.sampler.SamplerWorker} is the whole worker as a plain object: it makes the
 * parts, starts and stops them in order. {@link dev.unmask.sampler.SamplerApp} is its Quarkus
 * shell, for configuration, health, metrics and lifecycle only.
 *
 * <p>A request's way: {@code intake} (slot takes the record) to {@code schedule} (task and run)
 * with weights of {@code models}, to {@code events} (reply and result topics), back to the slot,
 * which accepts the record. {@code presence} tells the cluster that the worker lives.
 *
 * <p>Threads: one per slot, {@code control-reader}, {@code catalog-reader}, {@code model-loader},
 * {@code event-sender}, {@code heartbeat}, and the engine's own, which alone touches tensors.
 */
@NullMarked
package dev.unmask.sampler;

import org.jspecify.annotations.NullMarked;
