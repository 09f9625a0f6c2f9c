/**
 * {@code unmask bench engine}: asks the engine's library, in child processes, and adds what only
 * the command knows. Measuring happens over there; here one thread waits, and two children on two
 * cores are told to run at the same time.
 */
@NullMarked
package dev.unmask.cli.bench.engine;

import org.jspecify.annotations.NullMarked;
