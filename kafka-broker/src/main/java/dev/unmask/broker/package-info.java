/**
 * A Kafka broker without anything to install, for one machine: KRaft, loopback only, data in a
 * folder. Also the plan of all topics, which is the same on a real cluster.
 *
 * <p>{@link dev.unmask.broker.EmbeddedBroker} is the only class that touches Kafka's internals; a
 * new Kafka version is judged there. The broker runs its own threads; the classes here block.
 */
@NullMarked
package dev.unmask.broker;

import org.jspecify.annotations.NullMarked;
