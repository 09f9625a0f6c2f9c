/**
 * Publication over Kafka: the checkpoint record, the wait for the samplers, the aliases. {@link
 * dev.unmask.sft.publish.ClusterView} is written by the follower's thread and read by the training
 * thread.
 */
@NullMarked
package dev.unmask.sft.publish;

import org.jspecify.annotations.NullMarked;
