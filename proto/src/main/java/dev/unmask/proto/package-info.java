/**
 * The contracts that several rooms share: topic and header names, and how messages become record
 * bytes. The messages themselves are generated into {@code dev.unmask.v1}. Stateless; any thread.
 */
@NullMarked
package dev.unmask.proto;

import org.jspecify.annotations.NullMarked;
