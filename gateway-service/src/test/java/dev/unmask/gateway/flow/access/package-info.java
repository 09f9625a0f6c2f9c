/** The door and its table. */
@NullMarked
package dev.unmask.gateway.flow.access;

import org.jspecify.annotations.NullMarked;
