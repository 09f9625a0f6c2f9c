@NullMarked
package dev.unmask.sft.dataset;

import org.jspecify.annotations.NullMarked;
