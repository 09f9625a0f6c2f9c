/**
 * What this worker tells the cluster about itself: a heartbeat with its state, and a report on
 * every checkpoint it takes up.
 *
 * <p>The heartbeat has one thread; reports are written on the model loader's thread.
 */
@NullMarked
package dev.unmask.sampler.presence;

import org.jspecify.annotations.NullMarked;
