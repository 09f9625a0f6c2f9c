/** Tests of what jobs say and of what is known of them. */
@NullMarked
package dev.unmask.sft.events;

import org.jspecify.annotations.NullMarked;
