/**
 * Fakes and harness for the tests of every room: a real broker per JVM, a tiny model with random
 * weights, a sampler that answers by script, a worker that only says it is alive.
 *
 * <p>Nothing in any room's main code may depend on this one. Each class that starts threads says so
 * and stops them in {@code close}.
 */
@NullMarked
package dev.unmask.testkit;

import org.jspecify.annotations.NullMarked;
