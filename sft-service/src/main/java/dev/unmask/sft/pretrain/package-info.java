/**
 * Training from scratch, as a process of its own: text and dialogue files in, a Hugging Face folder
 * out. Files are read once, into tokens on the disk; memory grows with the number of their rows by
 * a few bytes each, not with their text. One thread trains.
 */
@NullMarked
package dev.unmask.sft.pretrain;

import org.jspecify.annotations.NullMarked;
