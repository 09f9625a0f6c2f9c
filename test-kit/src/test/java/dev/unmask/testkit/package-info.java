/** The fakes are products: these tests hold them to what the real parts promise. */
@NullMarked
package dev.unmask.testkit;

import org.jspecify.annotations.NullMarked;
