/**
 * The packaged services as {@code unmask up} runs them, each a process, with a tiny model. One
 * cluster serves all tests of a run; each test takes request ids of its own. The tests' threads
 * only wait and look.
 */
@NullMarked
package dev.unmask.e2e.cluster;

import org.jspecify.annotations.NullMarked;
