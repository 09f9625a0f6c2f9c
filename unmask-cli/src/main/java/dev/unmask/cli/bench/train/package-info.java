/** {@code unmask bench train}: updates of a model against the machine's matrix rate. */
@NullMarked
package dev.unmask.cli.bench.train;

import org.jspecify.annotations.NullMarked;
