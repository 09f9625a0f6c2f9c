/** The likelihood bound against a law that is known exactly, and its promises to callers. */
@NullMarked
package dev.unmask.model.likelihood;

import org.jspecify.annotations.NullMarked;
