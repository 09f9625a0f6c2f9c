@NullMarked
package dev.unmask.store.release;

import org.jspecify.annotations.NullMarked;
