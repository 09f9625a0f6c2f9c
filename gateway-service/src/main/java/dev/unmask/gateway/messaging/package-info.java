/**
 * Kafka, seen from the gateway: one producer, one thread that reads this instance's reply
 * partition, one thread that folds the cluster's state topics from their beginning.
 *
 * <p>Each reader owns its consumer; a consumer is not thread-safe and never leaves its thread.
 * Sends happen on virtual threads, because the producer may wait for metadata and no event loop may
 * block.
 */
@NullMarked
package dev.unmask.gateway.messaging;

import org.jspecify.annotations.NullMarked;
