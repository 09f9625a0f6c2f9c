/**
 * {@code unmask bench fairness}, {@code cancel} and {@code readers}: what a caller's neighbours,
 * its going away and its slowness cost. Each starts a cluster of its own, prints one JSON object,
 * and fails when a count that does not depend on the machine's speed is out of its bounds. The
 * command's thread waits; calls end on gRPC's threads.
 */
@NullMarked
package dev.unmask.cli.bench.limits;

import org.jspecify.annotations.NullMarked;
