/** The gateway's knobs. Read once at start; values are immutable. */
@NullMarked
package dev.unmask.gateway.config;

import org.jspecify.annotations.NullMarked;
