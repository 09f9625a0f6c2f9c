/**
 * One fine-tuning job from the uploaded file to the published checkpoint. Runs on the one training
 * thread; what it says to the world goes through {@link dev.unmask.sft.job.JobEvents} and {@link
 * dev.unmask.sft.job.Publication}, which know Kafka. Its state lives in the job's run folder, so a
 * job that is taken again goes on.
 */
@NullMarked
package dev.unmask.sft.job;

import org.jspecify.annotations.NullMarked;
