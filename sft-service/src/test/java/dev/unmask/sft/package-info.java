@NullMarked
package dev.unmask.sft;

import org.jspecify.annotations.NullMarked;
