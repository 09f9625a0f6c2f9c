@NullMarked
package dev.unmask.sft.tasks;

import org.jspecify.annotations.NullMarked;
