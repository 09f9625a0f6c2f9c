/**
 * Makes the vocabulary of a model trained from scratch: a byte-level BPE learnt from text and
 * written as Hugging Face tokenizer files with LLaDA's special tokens and chat template.
 *
 * <p>Plain objects without native code; one thread each. The same text gives the same files, byte
 * for byte, in whatever order it is read.
 */
@NullMarked
package dev.unmask.sft.vocabulary;

import org.jspecify.annotations.NullMarked;
