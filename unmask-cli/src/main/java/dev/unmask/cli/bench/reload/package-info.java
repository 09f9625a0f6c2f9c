/**
 * {@code unmask bench reload}: many new versions of a model under load, and whether anybody
 * noticed. One thread publishes and activates, calls end on the channel's threads.
 */
@NullMarked
package dev.unmask.cli.bench.reload;

import org.jspecify.annotations.NullMarked;
