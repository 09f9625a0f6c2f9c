/**
 * The network once more, written as plainly as possible with DJL's NDArray operations in float32:
 * the judge of the fast one in tests and in {@code unmask golden --path oracle}. Never serves
 * requests. One thread at a time.
 */
@NullMarked
package dev.unmask.model.oracle;

import org.jspecify.annotations.NullMarked;
