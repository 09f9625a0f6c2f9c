/** Tests with a real broker, in this JVM and as a process. */
@NullMarked
package dev.unmask.broker;

import org.jspecify.annotations.NullMarked;
