/** Tests of the corpus: the same for a seed, true to its tables, and well spread. */
@NullMarked
package dev.unmask.sft.corpus;

import org.jspecify.annotations.NullMarked;
