/**
 * Every published form of checkpoint in miniature, and the tests that the network, the oracle and
 * the float64 reference agree on each.
 */
@NullMarked
package dev.unmask.model.family;

import org.jspecify.annotations.NullMarked;
