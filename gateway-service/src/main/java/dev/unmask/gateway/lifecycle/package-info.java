/**
 * How the gateway comes up, says that it is ready, and goes down. Objects are built once here;
 * start and shutdown run on Quarkus's main thread, the health check once a second on a thread of
 * its own.
 */
@NullMarked
package dev.unmask.gateway.lifecycle;

import org.jspecify.annotations.NullMarked;
