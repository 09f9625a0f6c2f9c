/**
 * {@code unmask bench serve}: what callers of a cluster see. {@link Load} says when requests are
 * sent, {@link Caller} sends them, {@link RunReport} sums up. Calls are asynchronous: their ends
 * are seen on gRPC's threads, and an open loop has one thread of its own, the command's.
 */
@NullMarked
package dev.unmask.cli.bench.serve;

import org.jspecify.annotations.NullMarked;
