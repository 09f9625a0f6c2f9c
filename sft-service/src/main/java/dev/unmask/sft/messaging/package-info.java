/**
 * What this service's Kafka edges share: client settings, the one producer, and the reader that
 * follows whole topics. The producer is used from any thread; the follower owns its thread.
 */
@NullMarked
package dev.unmask.sft.messaging;

import org.jspecify.annotations.NullMarked;
