/** Tokens and the files that keys come from. */
@NullMarked
package dev.unmask.gateway.identity;

import org.jspecify.annotations.NullMarked;
