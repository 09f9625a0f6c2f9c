/**
 * Mutation fuzzing of whatever reads files that nobody has vouched for: seeded, so that a failure
 * can be repeated, with a fixed budget in the ordinary run and a larger one on request ({@code
 * -Dunmask.fuzz.mutations=1000000}).
 */
@NullMarked
package dev.unmask.model.fuzz;

import org.jspecify.annotations.NullMarked;
