/**
 * What every Kafka edge of this worker shares: client settings, one producer for everything
 * written, and readers that follow a whole topic.
 *
 * <p>{@link dev.unmask.sampler.messaging.RecordWriter} may be used from any thread; it blocks its
 * caller for a bounded time when the broker is gone, so the engine thread never calls it. Each
 * {@link dev.unmask.sampler.messaging.TopicTail} owns its consumer and its thread.
 */
@NullMarked
package dev.unmask.sampler.messaging;

import org.jspecify.annotations.NullMarked;
