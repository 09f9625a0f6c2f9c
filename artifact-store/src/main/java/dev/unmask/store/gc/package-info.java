/**
 * Removes from a store what nobody needs. What is needed is the caller's to say, because only Kafka
 * knows it: aliases, what samplers hold, jobs that run, the last versions of each model.
 */
@NullMarked
package dev.unmask.store.gc;

import org.jspecify.annotations.NullMarked;
