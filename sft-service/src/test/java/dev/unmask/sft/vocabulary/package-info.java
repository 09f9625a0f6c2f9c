/** Tests of the vocabulary trainer, read back through the tokenizer that serves models. */
@NullMarked
package dev.unmask.sft.vocabulary;

import org.jspecify.annotations.NullMarked;
