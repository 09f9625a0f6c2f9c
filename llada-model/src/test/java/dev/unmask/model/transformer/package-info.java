/** Tests of the network against the reference's outputs and against its own properties. */
@NullMarked
package dev.unmask.model.transformer;

import org.jspecify.annotations.NullMarked;
