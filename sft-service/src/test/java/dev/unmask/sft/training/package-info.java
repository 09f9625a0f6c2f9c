@NullMarked
package dev.unmask.sft.training;

import org.jspecify.annotations.NullMarked;
