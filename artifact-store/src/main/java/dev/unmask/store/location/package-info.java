/** From a store's address in a configuration to the store. Stateless. */
@NullMarked
package dev.unmask.store.location;

import org.jspecify.annotations.NullMarked;
