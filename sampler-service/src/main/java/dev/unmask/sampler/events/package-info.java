/**
 * What leaves this worker about a request: events to its reply topic, its terminal event to the
 * results topic and then to the reply topic, and dead letters.
 *
 * <p>{@link dev.unmask.sampler.events.EventSender} owns one thread. The engine thread only queues
 * work for it; texts are decoded and records written there, in order, so the engine never waits for
 * a tokenizer or a broker. The queue needs no bound of its own: it holds at most the steps of the
 * requests that fit the worker's slots.
 */
@NullMarked
package dev.unmask.sampler.events;

import org.jspecify.annotations.NullMarked;
