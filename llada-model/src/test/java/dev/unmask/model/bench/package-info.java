/** What measurements are made of, checked without measuring. */
@NullMarked
package dev.unmask.model.bench;

import org.jspecify.annotations.NullMarked;
