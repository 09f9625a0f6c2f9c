/** Which room may know which: the arrows of the architecture walk, checked on the bytecode. */
@NullMarked
package dev.unmask.e2e.architecture;

import org.jspecify.annotations.NullMarked;
