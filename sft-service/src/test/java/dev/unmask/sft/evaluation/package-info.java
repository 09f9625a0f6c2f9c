@NullMarked
package dev.unmask.sft.evaluation;

import org.jspecify.annotations.NullMarked;
