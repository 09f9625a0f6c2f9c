@NullMarked
package dev.unmask.cli.finetune;

import org.jspecify.annotations.NullMarked;
