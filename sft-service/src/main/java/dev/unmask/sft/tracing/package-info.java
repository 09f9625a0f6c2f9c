/** What a trace says of the jobs of this trainer. Any thread. */
@NullMarked
package dev.unmask.sft.tracing;

import org.jspecify.annotations.NullMarked;
