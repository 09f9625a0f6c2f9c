/**
 * Training from scratch, as a process of its own: text and dialogue files in, a Hugging Face folder
 * out. One thread.
 */
@NullMarked
package dev.unmask.sft.pretrain;

import org.jspecify.annotations.NullMarked;
