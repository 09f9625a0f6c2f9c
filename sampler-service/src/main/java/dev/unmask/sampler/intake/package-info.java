/**
 * What comes in: requests, one at a time per slot, and cancels.
 *
 * <p><b>Slots.</b> A {@link dev.unmask.sampler.intake.RequestSlot} is one thread that owns one
 * share consumer, because a consumer that holds a record is given nothing new. A slot takes a
 * record, runs it to its terminal event, renews its lock every few seconds meanwhile, and
 * acknowledges it last.
 *
 * <p><b>One fetch.</b> Of the slots that are idle only one polls, the one with the {@link
 * dev.unmask.sampler.intake.PollTurn}; it hands the turn on when it holds a record. Whatever the
 * broker gives to a fetch of a process that was killed counts as a delivery, so each worker must
 * have as few of them open as possible: one for each request topic. And it polls only while the
 * engine has {@link dev.unmask.sampler.intake.Room}; else the next record is for another worker.
 *
 * <p><b>Two classes of work.</b> Each slot subscribes to one request topic. {@code bulk-slots} of
 * the {@code slots} serve the bulk topic, the others the interactive one, so neither can starve the
 * other: a long bulk queue leaves the interactive slots alone, and however many people wait, bulk
 * work proceeds in its own slots; the engine gives it its share of every step. A worker with a
 * single slot subscribes it to both topics.
 *
 * <p><b>Records this build cannot act on.</b> A record whose {@code min_reader} is newer is
 * released after a pause, so that a newer worker of the same group may take it; when it has been
 * delivered as often as {@code unmask.sampler.last-delivery} says nobody could, and it ends like
 * any other request that nobody can run: dead letter, terminal error, accepted.
 */
@NullMarked
package dev.unmask.sampler.intake;

import org.jspecify.annotations.NullMarked;
