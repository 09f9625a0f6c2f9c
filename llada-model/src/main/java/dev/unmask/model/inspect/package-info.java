/**
 * A model folder's facts from config.json, headers and tokenizer files alone, for {@code unmask
 * inspect}: no weight is read and no tensor library is loaded. One thread.
 */
@NullMarked
package dev.unmask.model.inspect;

import org.jspecify.annotations.NullMarked;
