/** Files that are read, written and refused. */
@NullMarked
package dev.unmask.model.safetensors;

import org.jspecify.annotations.NullMarked;
