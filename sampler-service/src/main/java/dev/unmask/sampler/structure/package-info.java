/**
 * Answers of a given form: from a JSON schema's shape to a row of fixed tokens and slots, the rules
 * of what each slot may say, and back from a filled canvas to JSON.
 *
 * <p>{@link dev.unmask.sampler.structure.JsonLayout} is one request's; everything it is made of is
 * immutable and may be used from any thread. {@link dev.unmask.sampler.structure.PlainTokens} is
 * made once for each tokenizer.
 */
@NullMarked
package dev.unmask.sampler.structure;

import org.jspecify.annotations.NullMarked;
