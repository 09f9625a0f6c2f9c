/**
 * The core: from a parsed request to one outcome. Plain objects, no Kafka, no Quarkus.
 *
 * <p>{@link dev.unmask.sampler.schedule.Scheduler} takes a {@link
 * dev.unmask.sampler.schedule.RequestedJob}, leases the weights it names, lets {@link
 * dev.unmask.sampler.schedule.TaskPlanner} turn it into a task for the engine, and hands back a
 * {@link dev.unmask.sampler.schedule.GenerationRun} whose outcome is completed exactly once. What
 * becomes of the outcome is the caller's business: terminal events, acceptance and dead letters
 * belong to the edges.
 *
 * <p>Threads: a run is started and closed by one slot thread, stopped by slot threads and the
 * control reader, and progressed by the engine thread and the model loader. Nothing here blocks,
 * except that {@link dev.unmask.sampler.schedule.StoredDraws}, which only comparisons with the
 * reference use, reads files.
 */
@NullMarked
package dev.unmask.sampler.schedule;

import org.jspecify.annotations.NullMarked;
