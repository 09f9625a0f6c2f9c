/** What lets a gateway start, or not. */
@NullMarked
package dev.unmask.gateway.lifecycle;

import org.jspecify.annotations.NullMarked;
