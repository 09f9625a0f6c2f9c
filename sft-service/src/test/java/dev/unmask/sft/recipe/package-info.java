@NullMarked
package dev.unmask.sft.recipe;

import org.jspecify.annotations.NullMarked;
