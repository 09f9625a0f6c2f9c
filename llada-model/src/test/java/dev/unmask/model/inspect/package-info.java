/** Tests of what {@code unmask inspect} says, on folders as they are published. */
@NullMarked
package dev.unmask.model.inspect;

import org.jspecify.annotations.NullMarked;
