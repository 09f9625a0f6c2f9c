@NullMarked
package dev.unmask.sft.pretrain;

import org.jspecify.annotations.NullMarked;
