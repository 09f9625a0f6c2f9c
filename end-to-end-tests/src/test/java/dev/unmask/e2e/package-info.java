/** What is only true of all rooms together. */
@NullMarked
package dev.unmask.e2e;

import org.jspecify.annotations.NullMarked;
