/** What stays and what goes. */
@NullMarked
package dev.unmask.store.gc;

import org.jspecify.annotations.NullMarked;
