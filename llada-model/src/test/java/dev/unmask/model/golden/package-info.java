/** The library against recorded outputs of the public reference. */
@NullMarked
package dev.unmask.model.golden;

import org.jspecify.annotations.NullMarked;
