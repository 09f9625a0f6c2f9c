/** Answers of the health probes. Called on Quarkus's threads; reads only. */
@NullMarked
package dev.unmask.sft.health;

import org.jspecify.annotations.NullMarked;
