/**
 * How a Kafka client of Unmask is let in: where the brokers are, what the client trusts and who it
 * says it is, and what a refusal means.
 *
 * <p>{@link dev.unmask.kafka.KafkaAccess} is the one place that turns settings into properties of
 * clients; services and commands add what a client is for. Nothing here connects by itself but
 * {@link dev.unmask.kafka.LastingProducer}. How producers gather records says {@link
 * dev.unmask.kafka.Batching}.
 */
@NullMarked
package dev.unmask.kafka;

import org.jspecify.annotations.NullMarked;
