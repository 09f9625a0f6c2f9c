/** What {@code unmask bench engine} says before it measures anything. */
@NullMarked
package dev.unmask.cli.bench.engine;

import org.jspecify.annotations.NullMarked;
