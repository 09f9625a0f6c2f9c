/** Tests of tokenizer, template and streaming decoder, on a byte-level tokenizer made here. */
@NullMarked
package dev.unmask.text;

import org.jspecify.annotations.NullMarked;
