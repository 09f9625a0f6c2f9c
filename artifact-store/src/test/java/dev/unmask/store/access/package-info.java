@NullMarked
package dev.unmask.store.access;

import org.jspecify.annotations.NullMarked;
